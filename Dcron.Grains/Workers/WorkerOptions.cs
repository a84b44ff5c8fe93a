using System.Text.RegularExpressions;
using Dcron.Grains.Interpreters;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Workers;

/// <summary>Configuration section <c>Dcron:Worker</c>.</summary>
public sealed class WorkerOptions
{
    public const string Section = "Dcron:Worker";

    /// <summary>False for a silo that keeps grains but runs no scripts. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How many scripts run at once. Default: the number of cores.</summary>
    public int Slots { get; set; } = Environment.ProcessorCount;

    /// <summary>Labels that a job's <c>worker_selector</c> can ask for. Default: none.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>Interpreters beside python and ruby, or other settings for these. Default: none.</summary>
    public Dictionary<string, InterpreterOptions> Interpreters { get; set; } = [];

    /// <summary>Longest log of one execution in bytes; what comes after is discarded and the log says so. Default: 100 MiB.</summary>
    public long LogLimitBytes { get; set; } = 100 * 1024 * 1024;

    /// <summary>Seconds between asking a script to end (SIGTERM) and ending it (SIGKILL). Default: 10.</summary>
    public double StopGraceSeconds { get; set; } = 10;

    /// <summary>Seconds that running scripts get to finish when the node is stopped. Default: 25.</summary>
    public double ShutdownGraceSeconds { get; set; } = 25;
}

/// <summary>Says of each wrong setting which it is, why, and what would be right.</summary>
internal sealed partial class WorkerOptionsValidator : IValidateOptions<WorkerOptions>
{
    private const double MostGraceSeconds = 86_400;

    public ValidateOptionsResult Validate(string? name, WorkerOptions options)
    {
        var errors = new List<string>();
        Check(options.Slots is >= 1 and <= 10_000, nameof(options.Slots), options.Slots, "a number from 1 to 10000");
        Check(options.LogLimitBytes >= 1024, nameof(options.LogLimitBytes), options.LogLimitBytes, "at least 1024");
        Check(options.StopGraceSeconds is >= 0 and <= MostGraceSeconds, nameof(options.StopGraceSeconds), options.StopGraceSeconds, "a number of seconds from 0 to 86400");
        Check(options.ShutdownGraceSeconds is >= 0 and <= MostGraceSeconds, nameof(options.ShutdownGraceSeconds), options.ShutdownGraceSeconds, "a number of seconds from 0 to 86400");
        foreach (var (label, value) in options.Labels)
        {
            Check(LabelText().IsMatch(label) && LabelText().IsMatch(value ?? ""), $"Labels:{label}", value, "1 to 63 letters, digits, dots, hyphens, slashes and underscores, name and value alike");
        }

        foreach (var interpreter in options.Interpreters.Keys)
        {
            Check(InterpreterName().IsMatch(interpreter), "Interpreters", interpreter, "named by a lower case letter and up to 31 more of a-z, 0-9, '_', '.' and '-'");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool holds, string key, object? value, string right)
        {
            if (!holds)
            {
                errors.Add(FormattableString.Invariant($"{WorkerOptions.Section}:{key} is '{value}'; it must be {right}."));
            }
        }
    }

    [GeneratedRegex("^[A-Za-z0-9._/-]{1,63}$")]
    private static partial Regex LabelText();

    [GeneratedRegex("^[a-z][a-z0-9_.-]{0,31}$")]
    private static partial Regex InterpreterName();
}

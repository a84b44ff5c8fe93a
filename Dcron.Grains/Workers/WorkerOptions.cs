using System.Text.RegularExpressions;
using Dcron.Grains.Cluster;
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

    /// <summary>Whether scripts run in a bubblewrap sandbox. Default: where it works.</summary>
    public SandboxMode Sandbox { get; set; } = SandboxMode.Auto;

    /// <summary>Name or number of the user that all scripts run as, for a node that is root. Default: each as one of its own.</summary>
    public string? User { get; set; }

    /// <summary>Whether scripts have a network unless their job says otherwise; where false, no job may ask for one. Default: true.</summary>
    public bool Network { get; set; } = true;

    /// <summary>The greatest limits that a job may ask for.</summary>
    public LimitOptions Limits { get; set; } = new() { Processes = 4096, OpenFiles = 65_536 };

    /// <summary>Limits of jobs that ask for none.</summary>
    public LimitOptions DefaultLimits { get; set; } = new() { Processes = 512, OpenFiles = 1024 };

    /// <summary>Absolute paths beside the system's own that scripts may read in the sandbox. Default: none.</summary>
    public string[] ReadOnlyPaths { get; set; } = [];

    /// <summary>Absolute paths that scripts may read and write in the sandbox. Default: none.</summary>
    public string[] WritablePaths { get; set; } = [];

    /// <summary>Folder for working folders and cached scripts where a root node has no sandbox: other users must get there. Default: <c>/var/cache/dcron</c>.</summary>
    public string? WorkPath { get; set; }

    /// <summary>Seconds between asking a script to end (SIGTERM) and ending it (SIGKILL). Default: 10.</summary>
    public double StopGraceSeconds { get; set; } = 10;

    /// <summary>Seconds that running scripts get to finish when the node is stopped. Default: 25.</summary>
    public double ShutdownGraceSeconds { get; set; } = 25;

    /// <summary>
    /// Seconds that scripts run on while the document store does not confirm that this silo is a member of the cluster; then they are ended. What a worker ran that is gone
    /// for good is called lost after about the same time. Default: 90.
    /// </summary>
    public double LeaseSeconds { get; set; } = WorkerLiveness.DefaultLeaseSeconds;
}

/// <summary>Says of each wrong setting which it is, why, and what would be right.</summary>
internal sealed partial class WorkerOptionsValidator : IValidateOptions<WorkerOptions>
{
    private const double MostGraceSeconds = 86_400;
    private const double ShortestLeaseSeconds = 10;

    public ValidateOptionsResult Validate(string? name, WorkerOptions options)
    {
        var errors = new List<string>();
        Check(options.Slots is >= 1 and <= 10_000, nameof(options.Slots), options.Slots, "a number from 1 to 10000");
        Check(options.LogLimitBytes >= 1024, nameof(options.LogLimitBytes), options.LogLimitBytes, "at least 1024");
        Check(options.StopGraceSeconds is >= 0 and <= MostGraceSeconds, nameof(options.StopGraceSeconds), options.StopGraceSeconds, "a number of seconds from 0 to 86400");
        Check(options.ShutdownGraceSeconds is >= 0 and <= MostGraceSeconds, nameof(options.ShutdownGraceSeconds), options.ShutdownGraceSeconds, "a number of seconds from 0 to 86400");
        Check(options.LeaseSeconds is >= ShortestLeaseSeconds and <= MostGraceSeconds, nameof(options.LeaseSeconds), options.LeaseSeconds, "a number of seconds from 10 to 86400");
        CheckContainment(options, Check);
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

    private static void CheckContainment(WorkerOptions options, Action<bool, string, object?, string> check)
    {
        check(Enum.IsDefined(options.Sandbox), nameof(options.Sandbox), options.Sandbox, "auto, require or off");
        check(options.Network || options.Sandbox != SandboxMode.Off, nameof(options.Network), options.Network, "true where Sandbox is off, as only a sandbox can take the network away");
        foreach (var (key, paths) in new[] { (nameof(options.ReadOnlyPaths), options.ReadOnlyPaths), (nameof(options.WritablePaths), options.WritablePaths) })
        {
            foreach (var path in paths)
            {
                check(Path.IsPathRooted(path) && Path.Exists(path) && path != "/", key, path, "the absolute path of something that exists, and not '/'");
            }
        }

        check(options.WorkPath is null || Path.IsPathRooted(options.WorkPath), nameof(options.WorkPath), options.WorkPath, "an absolute path");
        foreach (var (key, limits) in new[] { (nameof(options.Limits), options.Limits), (nameof(options.DefaultLimits), options.DefaultLimits) })
        {
            foreach (var error in Jobs.Planning.LimitRules.Check(limits.ToLimits()))
            {
                check(false, $"{key}:{error.Option}", error.Value, error.Right);
            }
        }

        if (options.DefaultLimits.ToLimits().Beyond(options.Limits.ToLimits()) is { } field)
        {
            check(false, nameof(options.DefaultLimits), field, "no greater than Limits has it");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9._/-]{1,63}$")]
    private static partial Regex LabelText();

    [GeneratedRegex("^[a-z][a-z0-9_.-]{0,31}$")]
    private static partial Regex InterpreterName();
}

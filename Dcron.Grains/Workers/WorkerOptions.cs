using System.ComponentModel.DataAnnotations;
using Dcron.Grains.Interpreters;

namespace Dcron.Grains.Workers;

/// <summary>Configuration section <c>Dcron:Worker</c>.</summary>
public sealed class WorkerOptions
{
    public const string Section = "Dcron:Worker";

    /// <summary>False for a silo that keeps grains but runs no scripts. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How many scripts run at once. Default: the number of cores.</summary>
    [Range(1, 10_000)]
    public int Slots { get; set; } = Environment.ProcessorCount;

    /// <summary>Labels that a job's <c>worker_selector</c> can ask for. Default: none.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>Interpreters beside python and ruby, or other settings for these. Default: none.</summary>
    public Dictionary<string, InterpreterOptions> Interpreters { get; set; } = [];

    /// <summary>Longest log of one execution in bytes; what comes after is discarded and the log says so. Default: 100 MiB.</summary>
    [Range(1024, long.MaxValue)]
    public long LogLimitBytes { get; set; } = 100 * 1024 * 1024;

    /// <summary>Seconds between asking a script to end (SIGTERM) and ending it (SIGKILL). Default: 10.</summary>
    [Range(0, 3600)]
    public double StopGraceSeconds { get; set; } = 10;

    /// <summary>Seconds that running scripts get to finish when the node is stopped. Default: 25.</summary>
    [Range(0, 86_400)]
    public double ShutdownGraceSeconds { get; set; } = 25;
}

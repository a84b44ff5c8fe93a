using Dcron.Grains.Processes.Containing;
using Dcron.Grains.Secrets;

namespace Dcron.Grains.Processes;

/// <summary>One script to run, with everything that the process gets.</summary>
internal sealed record ScriptCommand
{
    /// <summary>The value of <see cref="ExecutionVariable"/> in <see cref="Environment"/>; without white space.</summary>
    public required string ExecutionId { get; init; }

    /// <summary>Absolute path.</summary>
    public required string Executable { get; init; }

    /// <summary>What follows the executable's own name.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment: nothing is added. It must hold <see cref="ExecutionVariable"/>, by which strayed children are found.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Absolute path of a folder that exists.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Where the output is spooled; a file that is there is replaced.</summary>
    public required string LogPath { get; init; }

    /// <summary>What is kept of the output, in bytes; the rest is counted and thrown away.</summary>
    public long LogLimitBytes { get; init; } = 100L * 1024 * 1024;

    /// <summary>True for a pipe of its own for standard error, and marks in the log around what came by it; false for one pipe, and the order as it was written.</summary>
    public bool MarksErrors { get; init; }

    /// <summary>What must not stand in the log; null for nothing.</summary>
    public SecretMatcher? Secrets { get; init; }

    /// <summary>Longest run time; null for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Time between asking the process group to end and killing it. Zero kills at once.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What holds it in; null to start it as it is.</summary>
    public Containment? Containment { get; init; }

    public const string ExecutionVariable = "DCRON_EXECUTION_ID";
}

/// <summary>Why dcron ended a script.</summary>
internal enum EndCause
{
    /// <summary>It ran longer than its job allows.</summary>
    Timeout,

    /// <summary>Somebody asked for it.</summary>
    Cancelled,

    /// <summary>The worker stops.</summary>
    Stopping,

    /// <summary>The node's lease ran out: others may have given the execution up for lost.</summary>
    LeaseExpired,
}

/// <summary>What became of an attempt to start a script.</summary>
internal abstract record ScriptStart
{
    private ScriptStart()
    {
    }

    public sealed record Started(ScriptRun Run) : ScriptStart;

    /// <param name="Reason">A sentence for people; nothing was left behind.</param>
    public sealed record Failed(string Reason) : ScriptStart;
}

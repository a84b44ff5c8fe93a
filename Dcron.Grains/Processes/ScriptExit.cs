namespace Dcron.Grains.Processes;

/// <summary>How a script's process ended.</summary>
internal abstract record ScriptExit
{
    private ScriptExit()
    {
    }

    /// <summary>Set when dcron ended it; null when it ended by itself, or by a signal of somebody else.</summary>
    public EndCause? Cause { get; init; }

    /// <summary>When its main process was seen to be gone.</summary>
    public DateTimeOffset FinishedAt { get; init; }

    /// <summary>Processor time of the process and of the children that it waited for.</summary>
    public TimeSpan CpuTime { get; init; }

    /// <summary>Largest memory of all its processes together where a control group counts it; otherwise of the process, or of a child that it waited for. In bytes; 0 in a sandbox without a control group, where nothing tells.</summary>
    public long MaxRssBytes { get; init; }

    /// <summary>A sentence about what went wrong around it, such as a full disk under the log; null when all went well.</summary>
    public string? Trouble { get; init; }

    /// <summary>A sentence about the limit that it ran into; null when it kept within all.</summary>
    public string? LimitReached { get; init; }

    /// <summary>Its containment could not be made, so nothing of it ran.</summary>
    /// <param name="Reason">A sentence.</param>
    public sealed record NeverRan(string Reason) : ScriptExit;

    /// <param name="Code">0 to 255.</param>
    public sealed record Exited(int Code) : ScriptExit;

    /// <param name="Name">Such as <c>SIGKILL</c>.</param>
    public sealed record Signalled(string Name, int Number) : ScriptExit;
}

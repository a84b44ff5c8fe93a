namespace Dcron.Grains.Processes;

/// <summary>A script that was started, as the worker sees it.</summary>
internal interface IRunningScript
{
    DateTimeOffset StartedAt { get; }

    /// <summary>Its output; belongs to the caller, who disposes it and deletes the file. Null where it has none.</summary>
    SpooledLog? Log { get; }

    /// <summary>Completes when nothing of it is left.</summary>
    Task<ScriptExit> Completion { get; }

    /// <summary>Asks it to end, and sees to it that it does. Answers at once; the first cause counts.</summary>
    void End(EndCause cause);
}

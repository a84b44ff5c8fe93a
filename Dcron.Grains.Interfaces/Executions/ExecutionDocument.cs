using System.Text.Json.Serialization;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;

namespace Dcron.Grains.Executions;

/// <summary>What became, or is becoming, of one launch or of one fire time that was not launched.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<ExecutionResult>))]
public enum ExecutionResult
{
    /// <summary>Owed: planned, and not yet taken by a worker.</summary>
    Queued,

    /// <summary>Claimed by a worker.</summary>
    Running,

    /// <summary>Exit status 0.</summary>
    Succeeded,

    /// <summary>Another exit status, a signal, or it could not be started.</summary>
    Failed,

    /// <summary>Ended because it ran longer than the job allows.</summary>
    TimedOut,

    /// <summary>Ended, or dropped before it began, because somebody asked for it.</summary>
    Cancelled,

    /// <summary>Its worker went away while it ran; nobody knows how it would have ended.</summary>
    Lost,

    /// <summary>Not launched by policy (overlap, pause).</summary>
    Skipped,

    /// <summary>Not launched because nobody could in time.</summary>
    Missed,
}

public static class ExecutionResults
{
    /// <summary>True when nothing more will happen to an execution with this result.</summary>
    public static bool IsFinal(this ExecutionResult result) => result is not (ExecutionResult.Queued or ExecutionResult.Running);
}

/// <summary>Why an execution exists.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<ExecutionTrigger>))]
public enum ExecutionTrigger
{
    Schedule,
    Manual,
    Retry,
    Backfill,
}

/// <summary>One execution as it is stored and as clients see it. Created by whoever claims it, final once its result is.</summary>
[GenerateSerializer, Immutable, Alias("dcron.execution-document")]
public sealed record ExecutionDocument
{
    public const int CurrentSchema = 1;

    [Id(0)]
    public int Schema { get; init; } = CurrentSchema;

    [Id(1)]
    public required ExecutionId ExecutionId { get; init; }

    [Id(2)]
    public required JobId JobId { get; init; }

    /// <summary>The nominal fire time, UTC.</summary>
    [Id(3)]
    public required DateTimeOffset ExecutionDate { get; init; }

    [Id(4)]
    public required ExecutionResult ExecutionResult { get; init; }

    /// <summary>0 to 255; null where the script did not exit by itself or never began.</summary>
    [Id(5)]
    public int? ExitStatus { get; init; }

    /// <summary>Name of the signal that ended it, such as <c>SIGKILL</c>.</summary>
    [Id(6)]
    public string? Signal { get; init; }

    /// <summary>A sentence for people, wherever the result alone does not explain itself.</summary>
    [Id(7)]
    public string? Reason { get; init; }

    /// <summary>Location of the log in object storage; null while there is none.</summary>
    [Id(8)]
    public string? LogsPath { get; init; }

    [Id(9)]
    public long? LogBytes { get; init; }

    /// <summary>The worker that claimed it.</summary>
    [Id(10)]
    public string? WorkerId { get; init; }

    [Id(11)]
    public int Attempt { get; init; } = 1;

    [Id(12)]
    public ExecutionTrigger Trigger { get; init; }

    /// <summary>When the process began; null before, and where it never did.</summary>
    [Id(13)]
    public DateTimeOffset? StartedAt { get; init; }

    [Id(14)]
    public DateTimeOffset? FinishedAt { get; init; }

    [Id(15)]
    public string? ScriptSha256 { get; init; }

    /// <summary>The worker while it is running, absent afterwards: an index of what each worker must still finish.</summary>
    [Id(16)]
    public string? OpenOn { get; init; }

    /// <summary>Random; tells a worker its own claim from another's when an answer was lost.</summary>
    [Id(17)]
    public string? ClaimToken { get; init; }

    /// <summary>Version of the job's spec that it was planned with.</summary>
    [Id(18)]
    public int? JobVersion { get; init; }

    [Id(19)]
    public DateTimeOffset? ClaimedAt { get; init; }
}

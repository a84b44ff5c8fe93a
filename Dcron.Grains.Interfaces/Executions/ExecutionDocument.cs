using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Containing;
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

    /// <summary>True when it ended, or was decided, in a way that somebody may want to look at.</summary>
    public static bool IsUnsuccessful(this ExecutionResult result) => result.IsFinal() && result is not ExecutionResult.Succeeded;
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
public sealed partial record ExecutionDocument
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

    /// <summary>When it was to start: the fire time with its jitter, or the end of a retry's delay. Null for the fire time itself.</summary>
    [Id(20)]
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The execution that this one repeats exactly; null for all but a re-run.</summary>
    [Id(21)]
    public ExecutionId? RerunOf { get; init; }

    /// <summary>Offers that were not accepted before the one that was; null for none.</summary>
    [Id(22)]
    public IReadOnlyList<LaunchOffer>? Offers { get; init; }

    /// <summary>Earlier offers that <see cref="Offers"/> has no room for; null for none.</summary>
    [Id(23)]
    public int? OffersLeftOut { get; init; }

    /// <summary>When its job planned it: from here it was queued.</summary>
    [Id(24)]
    public DateTimeOffset? PlannedAt { get; init; }

    /// <summary>From the slot that the worker gave it to the stored claim, in milliseconds.</summary>
    [Id(25)]
    public double? ClaimMilliseconds { get; init; }

    /// <summary>When the object store had the whole log.</summary>
    [Id(26)]
    public DateTimeOffset? UploadedAt { get; init; }

    /// <summary>What it ran with; null where nothing ran.</summary>
    [Id(27)]
    public Provenance? Provenance { get; init; }

    /// <summary>What its worker told after it had been closed as lost. It changes nothing: another attempt may have followed.</summary>
    [Id(28)]
    public LateResult? Late { get; init; }

    /// <summary>The job's namespace as it is stored: null for the default.</summary>
    [Id(40)]
    public string? Namespace { get; init; }

    /// <summary>
    /// How long its script may outlive the moment at which its worker ceases to be a member of the cluster, in seconds: nobody calls it lost before.
    /// Null where nothing was claimed.
    /// </summary>
    [Id(45)]
    public double? LeaseSeconds { get; init; }

    /// <summary>How it was contained; null before it was started, and where it never was.</summary>
    [Id(35)]
    public ExecutionContainment? Containment { get; init; }

    /// <summary>What it used; null until it has ended.</summary>
    [Id(36)]
    public ExecutionUse? Use { get; init; }

    /// <summary>
    /// Its fire time, in a stored document whose result is final and no success: an index of what to look at, which costs successes nothing. Written
    /// and taken away again by the history; nobody else sees it.
    /// </summary>
    [Id(50)]
    public DateTimeOffset? UnsuccessfulAt { get; init; }

    /// <summary>Fields of a later version, kept as they are.</summary>
    [Id(98), JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>What an execution ran with, beside its script's bytes and its job's version.</summary>
[GenerateSerializer, Immutable, Alias("dcron.provenance")]
public sealed record Provenance
{
    /// <summary>As the interpreter says, such as <c>3.12.4</c>.</summary>
    [Id(0)]
    public string? InterpreterVersion { get; init; }

    /// <summary>Absolute path of the program on the worker.</summary>
    [Id(1)]
    public string? InterpreterPath { get; init; }

    /// <summary>
    /// SHA-256 over the job's own variables in the order of their names, each as <c>NAME=value</c> and a NUL byte. Secrets are in it by their
    /// reference only, never by their value. Null where the job sets none.
    /// </summary>
    [Id(2)]
    public string? EnvironmentSha256 { get; init; }

    /// <summary>Name of the worker's machine.</summary>
    [Id(3)]
    public string? Host { get; init; }

    /// <summary>Version of dcron on the worker.</summary>
    [Id(4)]
    public string? NodeVersion { get; init; }

    /// <summary>Version of the time zone database that the fire time was found with.</summary>
    [Id(5)]
    public string? TzVersion { get; init; }
}

/// <summary>A result that came after the execution had been closed as lost.</summary>
/// <param name="Result">What it would have been.</param>
/// <param name="ExitStatus">0 to 255; null where the script did not exit by itself.</param>
/// <param name="Signal">Name of the signal that ended it.</param>
/// <param name="FinishedAt">When the script ended, by its worker's clock.</param>
/// <param name="ToldAt">When it was written here.</param>
[GenerateSerializer, Immutable, Alias("dcron.late-result")]
public sealed record LateResult(
    [property: Id(0)] ExecutionResult Result,
    [property: Id(1)] int? ExitStatus,
    [property: Id(2)] string? Signal,
    [property: Id(3)] DateTimeOffset? FinishedAt,
    [property: Id(4)] DateTimeOffset ToldAt);

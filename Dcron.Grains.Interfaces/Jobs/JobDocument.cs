using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Executions;

namespace Dcron.Grains.Jobs;

/// <summary>A job as it is stored: its spec, its place in time and its outbox. Written by its grain only.</summary>
[GenerateSerializer, Immutable, Alias("dcron.job-document")]
public sealed partial record JobDocument
{
    public const int CurrentSchema = 1;

    [Id(0)]
    public int Schema { get; init; } = CurrentSchema;

    [Id(1)]
    public required JobId JobId { get; init; }

    /// <summary>Counts the changes of <see cref="Spec"/>, from 1. Its text is the job's ETag.</summary>
    [Id(2)]
    public required int Version { get; init; }

    [Id(3)]
    public required JobSpec Spec { get; init; }

    [Id(4)]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When this version of the spec took effect.</summary>
    [Id(5)]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>High-water mark: every fire time up to and including this instant is decided.</summary>
    [Id(6)]
    public required DateTimeOffset PlannedUpTo { get; init; }

    /// <summary>When the job must be woken next; null (and so not in the index) when nothing lies ahead and nothing is open.</summary>
    [Id(7)]
    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>Planning time of the oldest entry of <see cref="Open"/>, or when the backfill was asked for that goes on; null (not in the index) when there is neither.</summary>
    [Id(8)]
    public DateTimeOffset? OpenSince { get; init; }

    /// <summary>Launches that are owed or running: each stays until its execution's document is final.</summary>
    [Id(9)]
    public IReadOnlyList<OwedLaunch> Open { get; init; } = [];

    /// <summary>Fire times that were decided against, until their execution documents exist.</summary>
    [Id(10)]
    public IReadOnlyList<PassedInstant> Unrecorded { get; init; } = [];

    /// <summary>How many manual runs were asked for; numbers them.</summary>
    [Id(11)]
    public int ManualRuns { get; init; }

    /// <summary>Recent manual runs that came with an idempotency key, newest last.</summary>
    [Id(12)]
    public IReadOnlyList<KeyedRun> KeyedRuns { get; init; } = [];

    /// <summary>What the script's bytes were when last looked at.</summary>
    [Id(13)]
    public ScriptPin? Script { get; init; }

    /// <summary>Set once the job is deleted; the document stays as a tombstone until nothing is open.</summary>
    [Id(14)]
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Sort key of listings (the job id; absent for tombstones, so that they are not listed).</summary>
    [Id(15)]
    public string? ListKey { get; init; }

    /// <summary>What listings filter by without reading documents: see <see cref="Jobs.ListFilter"/>.</summary>
    [Id(16)]
    public string? ListFilter { get; init; }

    /// <summary>Backfills that go on, and the latest that ended; oldest first. Null for none.</summary>
    [Id(17)]
    public IReadOnlyList<Backfill>? Backfills { get; init; }

    /// <summary>How many backfills were asked for; numbers them.</summary>
    [Id(18), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int BackfillCount { get; init; }

    /// <summary>Which of the stored specs of this <see cref="Version"/> took effect; null for one that was stored before there could be several.</summary>
    [Id(30)]
    public string? VersionToken { get; init; }

    /// <summary>Fields of a later version, kept as they are.</summary>
    [Id(98), JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A launch that was planned and is not known to be finished.</summary>
[GenerateSerializer, Immutable, Alias("dcron.owed-launch")]
public sealed record OwedLaunch(
    [property: Id(0)] ExecuteJob Launch,
    [property: Id(1)] DateTimeOffset PlannedAt)
{
    /// <summary>True while it must not be offered because of others of the same job: see <see cref="OverlapPolicy"/>.</summary>
    [Id(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Waits { get; init; }

    /// <summary>The execution that takes its place: it is not to be started any more, and to be ended if it runs. Null for none.</summary>
    [Id(3)]
    public ExecutionId? ReplacedBy { get; init; }
}

/// <summary>A fire time that will not be launched.</summary>
/// <param name="Result"><see cref="ExecutionResult.Skipped"/> or <see cref="ExecutionResult.Missed"/>.</param>
[GenerateSerializer, Immutable, Alias("dcron.passed-instant")]
public sealed record PassedInstant(
    [property: Id(0)] ExecutionId ExecutionId,
    [property: Id(1)] ExecutionResult Result,
    [property: Id(2)] string Reason);

/// <summary>A manual run and the hash of the idempotency key that asked for it.</summary>
[GenerateSerializer, Immutable, Alias("dcron.keyed-run")]
public sealed record KeyedRun(
    [property: Id(0)] string KeyHash,
    [property: Id(1)] ExecutionId ExecutionId);

/// <summary>The content that a script location was found to hold.</summary>
/// <param name="Sha256">Lower case hex.</param>
/// <param name="Tag">The object store's tag of that content.</param>
[GenerateSerializer, Immutable, Alias("dcron.script-pin")]
public sealed record ScriptPin(
    [property: Id(0)] string Location,
    [property: Id(1)] string Sha256,
    [property: Id(2)] string Tag);

/// <summary>One version of a job's spec and when it took effect; stored before the job's document moves to it.</summary>
[GenerateSerializer, Immutable, Alias("dcron.job-version-document")]
public sealed record JobVersionDocument(
    [property: Id(0)] JobId JobId,
    [property: Id(1)] int Version,
    [property: Id(2)] DateTimeOffset EffectiveAt,
    [property: Id(3)] JobSpec Spec)
{
    /// <summary>Random: two changes at the same time each store a version of the same number, and the job's document names the one that took effect.</summary>
    [Id(4)]
    public string? Token { get; init; }

    /// <summary>Token of the version before.</summary>
    [Id(5)]
    public string? Previous { get; init; }

    /// <summary>Set in the record that closes a deleted job's versions: up to here they were in force.</summary>
    [Id(6)]
    public DateTimeOffset? DeletedAt { get; init; }
}

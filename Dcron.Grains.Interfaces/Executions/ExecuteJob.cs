using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Containing;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Secrets;

namespace Dcron.Grains.Executions;

/// <summary>EXECUTE JOB: everything a worker must know to run one execution. Fixed when it is planned.</summary>
[GenerateSerializer, Immutable, Alias("dcron.execute-job")]
public sealed partial record ExecuteJob
{
    [Id(0)]
    public required ExecutionId ExecutionId { get; init; }

    [Id(1)]
    public required JobId JobId { get; init; }

    [Id(2)]
    public string? JobName { get; init; }

    [Id(3)]
    public required int JobVersion { get; init; }

    [Id(4)]
    public required string ScriptType { get; init; }

    [Id(5)]
    public required string ScriptLocation { get; init; }

    /// <summary>Hash of the bytes to run; null when the object store could not tell when this was planned.</summary>
    [Id(6)]
    public string? ScriptSha256 { get; init; }

    [Id(7)]
    public IReadOnlyList<string> Args { get; init; } = [];

    [Id(8)]
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    [Id(9)]
    public double? TimeoutSeconds { get; init; }

    [Id(10)]
    public IReadOnlyDictionary<string, string> WorkerSelector { get; init; } = new Dictionary<string, string>();

    [Id(11)]
    public required ExecutionTrigger Trigger { get; init; }

    /// <summary>Not to be started before this instant, and not late until after it: the fire time with its jitter, or the end of a retry's delay. Null for the fire time itself.</summary>
    [Id(12)]
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The execution that this one repeats exactly; null for all but a re-run.</summary>
    [Id(13)]
    public ExecutionId? RerunOf { get; init; }

    /// <summary>When it was planned. Set by the leader on the way to a worker; in the job's document the owed launch bears it.</summary>
    [Id(14)]
    public DateTimeOffset? PlannedAt { get; init; }

    /// <summary>Offers of this launch that were not accepted, oldest first; at most <see cref="LaunchOffer.Most"/>, the latest. Null for none.</summary>
    [Id(15)]
    public IReadOnlyList<LaunchOffer>? Offers { get; init; }

    /// <summary>Earlier offers that <see cref="Offers"/> has no room for; null for none.</summary>
    [Id(16)]
    public int? OffersLeftOut { get; init; }

    /// <summary>Version of the time zone database that the fire time was found with; null where the machine does not tell.</summary>
    [Id(17)]
    public string? TzVersion { get; init; }

    /// <summary>
    /// Not to be claimed from this instant on: its starting deadline is over then. Set by the job on the way to a worker, from its present spec; null for no deadline.
    /// </summary>
    [Id(18)]
    public DateTimeOffset? ClaimBefore { get; init; }

    /// <summary>The job's namespace as it is stored: null for the default.</summary>
    [Id(20)]
    public string? Namespace { get; init; }

    /// <summary>Environment variables that a secret gives their value. Null for none.</summary>
    [Id(21)]
    public IReadOnlyDictionary<string, SecretReference>? Secrets { get; init; }

    /// <summary>What the script may use at most; null leaves it to the worker.</summary>
    [Id(25)]
    public ScriptLimits? Limits { get; init; }

    /// <summary>Whether it has a network; null leaves it to the worker.</summary>
    [Id(26)]
    public bool? Network { get; init; }

    /// <summary>What becomes of standard error in the log.</summary>
    [Id(29), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public StderrMode Stderr { get; init; }

    /// <summary>The same launch with one more offer that came to nothing.</summary>
    public ExecuteJob After(LaunchOffer offer)
    {
        var offers = Offers ?? [];
        return offers.Count < LaunchOffer.Most
            ? this with { Offers = [.. offers, offer] }
            : this with { Offers = [.. offers.Skip(offers.Count - LaunchOffer.Most + 1), offer], OffersLeftOut = (OffersLeftOut ?? 0) + 1 };
    }

    /// <summary>Fields of a later version, kept as they are.</summary>
    [Id(98), JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>An offer of a launch to a worker that came to nothing.</summary>
/// <param name="At">When the answer came, by the leader's clock.</param>
/// <param name="Declined">Why the worker declined; null when it did not answer.</param>
/// <param name="Detail">A few words of the worker, at most <see cref="MostDetail"/> characters.</param>
[GenerateSerializer, Immutable, Alias("dcron.launch-offer")]
public sealed record LaunchOffer(
    [property: Id(0)] string WorkerId,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] DeclineReason? Declined,
    [property: Id(3)] string? Detail)
{
    /// <summary>How many offers a launch keeps.</summary>
    public const int Most = 10;

    public const int MostDetail = 200;
}

/// <summary>A worker's answer to EXECUTE JOB.</summary>
[GenerateSerializer, Immutable, Alias("dcron.execute-answer")]
public abstract record ExecuteAnswer
{
    private ExecuteAnswer()
    {
    }

    /// <summary>Claimed, and running or about to.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.execute-answer.accepted")]
    public sealed record Accepted : ExecuteAnswer;

    /// <summary>Not claimed; another worker may.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.execute-answer.declined")]
    public sealed record Declined([property: Id(0)] DeclineReason Reason, [property: Id(1)] string Detail) : ExecuteAnswer;

    /// <summary>Its document exists already: it runs elsewhere, is over, or was dropped. Nothing was started and nobody needs to be asked again.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.execute-answer.already-decided")]
    public sealed record AlreadyDecided : ExecuteAnswer;
}

[JsonConverter(typeof(SnakeCaseEnumConverter<DeclineReason>))]
public enum DeclineReason
{
    /// <summary>All slots are taken.</summary>
    Busy,

    /// <summary>It does not have the interpreter.</summary>
    NoInterpreter,

    /// <summary>Its labels don't match the selector.</summary>
    LabelsDiffer,

    /// <summary>It is draining or stopping.</summary>
    Draining,

    /// <summary>Its disk, or a store, does not let it work now.</summary>
    Unfit,
}

/// <summary>SAVE JOB STATUS: an execution's document is final.</summary>
/// <param name="LogPath">Location of the log in object storage; null when there is none.</param>
/// <param name="ExitStatusCode">Null when the script did not exit by itself.</param>
/// <param name="End">The same as the document says, so that the job need not read it.</param>
[GenerateSerializer, Immutable, Alias("dcron.save-job-status")]
public sealed record SaveJobStatus(
    [property: Id(0)] JobId JobId,
    [property: Id(1)] ExecutionId ExecutionId,
    [property: Id(2)] string? LogPath,
    [property: Id(3)] int? ExitStatusCode,
    [property: Id(4)] string WorkerId,
    [property: Id(5)] ExecutionEnd? End = null);

/// <summary>How an execution ended, as far as its job must know to decide what follows.</summary>
/// <param name="Result">A final one.</param>
/// <param name="FinishedAt">When; a retry's delay counts from here.</param>
[GenerateSerializer, Immutable, Alias("dcron.execution-end")]
public sealed record ExecutionEnd(
    [property: Id(0)] ExecutionId ExecutionId,
    [property: Id(1)] ExecutionResult Result,
    [property: Id(2)] int? ExitStatus,
    [property: Id(3)] DateTimeOffset FinishedAt)
{
    /// <param name="execution">A final document.</param>
    public static ExecutionEnd Of(ExecutionDocument execution) => new(
        execution.ExecutionId, execution.ExecutionResult, execution.ExitStatus, execution.FinishedAt ?? execution.ClaimedAt ?? execution.ExecutionDate);
}

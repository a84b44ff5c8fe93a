using Dcron.Grains.Jobs;

namespace Dcron.Grains.Executions;

/// <summary>EXECUTE JOB: everything a worker must know to run one execution. Fixed when it is planned.</summary>
[GenerateSerializer, Immutable, Alias("dcron.execute-job")]
public sealed record ExecuteJob
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
[GenerateSerializer, Immutable, Alias("dcron.save-job-status")]
public sealed record SaveJobStatus(
    [property: Id(0)] JobId JobId,
    [property: Id(1)] ExecutionId ExecutionId,
    [property: Id(2)] string? LogPath,
    [property: Id(3)] int? ExitStatusCode,
    [property: Id(4)] string WorkerId);

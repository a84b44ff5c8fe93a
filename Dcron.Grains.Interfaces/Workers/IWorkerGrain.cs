using System.Text.Json.Serialization;
using Dcron.Grains.Containing;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Workers;

/// <summary>One silo's worker. Its key, the worker id, is the silo's address with its generation.</summary>
[Alias("dcron.IWorkerGrain")]
public interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>EXECUTE JOB.</summary>
    [Alias("execute"), ResponseTimeout("00:00:05")]
    Task<ExecuteAnswer> Execute(ExecuteJob message);

    /// <summary>
    /// EXECUTE JOB for the slot that frees next: waits for one for up to two seconds before it declines. Nothing is claimed before that, so the launch may
    /// meanwhile be offered to others.
    /// </summary>
    [Alias("execute-next"), ResponseTimeout("00:00:10")]
    Task<ExecuteAnswer> ExecuteNext(ExecuteJob message);

    [Alias("describe"), ResponseTimeout("00:00:05")]
    Task<WorkerInfo> Describe();

    /// <summary>Accept nothing more; what runs goes on.</summary>
    [Alias("drain")]
    Task Drain();

    [Alias("undrain")]
    Task Undrain();
}

/// <summary>A worker as clients see it.</summary>
[GenerateSerializer, Immutable, Alias("dcron.worker-info")]
public sealed partial record WorkerInfo
{
    [Id(0)]
    public required string WorkerId { get; init; }

    [Id(1)]
    public required string Host { get; init; }

    [Id(2)]
    public required int Slots { get; init; }

    /// <summary>Slots in use.</summary>
    [Id(3)]
    public required int Running { get; init; }

    /// <summary>Interpreter name to its version.</summary>
    [Id(4)]
    public required IReadOnlyDictionary<string, string> Interpreters { get; init; }

    [Id(5)]
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    [Id(6)]
    public required WorkerState State { get; init; }

    /// <summary>True for the worker on whose silo the leader is now. Told by the leader, not by the worker.</summary>
    [Id(7)]
    public bool Leads { get; init; }

    /// <summary>What its clock showed when it reported; null of a worker of an earlier version.</summary>
    [Id(8)]
    public DateTimeOffset? ReportedAt { get; init; }

    /// <summary>By how much its clock is ahead of that of the leader's machine, negative for behind; null until that can be told. Told by the leader, not by the worker.</summary>
    [Id(9)]
    public TimeSpan? ClockOffset { get; init; }

    /// <summary>How it contains scripts; null of a worker of an earlier version.</summary>
    [Id(10)]
    public WorkerContainmentInfo? Containment { get; init; }

    /// <summary>Whether its silo has reached the document store in the last seconds; null of a worker of an earlier version.</summary>
    [Id(11)]
    public bool? ReachesStore { get; init; }
}

[JsonConverter(typeof(SnakeCaseEnumConverter<WorkerState>))]
public enum WorkerState
{
    /// <summary>Accepts launches.</summary>
    Active,

    /// <summary>Accepts none; what runs goes on.</summary>
    Draining,
}

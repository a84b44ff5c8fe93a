using System.Text.Json.Serialization;
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
public sealed record WorkerInfo
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
}

[JsonConverter(typeof(SnakeCaseEnumConverter<WorkerState>))]
public enum WorkerState
{
    /// <summary>Accepts launches.</summary>
    Active,

    /// <summary>Accepts none; what runs goes on.</summary>
    Draining,
}

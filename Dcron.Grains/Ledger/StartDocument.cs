using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;

namespace Dcron.Grains.Ledger;

/// <summary>
/// One start of one process, written by the worker that started it. An execution's document has one name and can't show by itself that it was started twice;
/// these can, since each has a random id of its own.
/// </summary>
internal sealed record StartDocument
{
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    /// <summary>Random. The document's id.</summary>
    public required string StartId { get; init; }

    public required ExecutionId ExecutionId { get; init; }

    public required JobId JobId { get; init; }

    /// <summary>The nominal fire time; the month in which this is kept.</summary>
    public required DateTimeOffset ExecutionDate { get; init; }

    /// <summary>The worker with its silo's generation.</summary>
    public required string WorkerId { get; init; }

    /// <summary>The claim under which it was started.</summary>
    public required string ClaimToken { get; init; }

    public required DateTimeOffset StartedAt { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(StartDocument))]
internal sealed partial class StartJson : JsonSerializerContext;

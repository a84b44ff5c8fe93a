using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Workers;

namespace Dcron.Grains.Json;

/// <summary>How dcron's own records are written, in documents and on the wire: snake_case, enums as words, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(JobDocument))]
[JsonSerializable(typeof(JobVersionDocument))]
[JsonSerializable(typeof(JobSpec))]
[JsonSerializable(typeof(ExecutionDocument))]
[JsonSerializable(typeof(ExecuteJob))]
[JsonSerializable(typeof(WorkerInfo))]
public sealed partial class DcronJson : JsonSerializerContext;

/// <summary>Enums as snake_case words.</summary>
internal sealed class SnakeCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

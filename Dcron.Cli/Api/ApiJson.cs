using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Cli.Api;

/// <summary>RFC 9457 problem details.</summary>
internal sealed record ProblemBody
{
    public string? Title { get; set; }

    public string? Detail { get; set; }

    public IReadOnlyDictionary<string, string[]>? Errors { get; set; }
}

/// <summary>Reads what the API writes. Fields that it gains later are passed over.</summary>
/// <remarks>Bodies have setters rather than init: generated readers fill every init property, and so would put null where an answer leaves a field out.</remarks>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]

[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(List<JobBody>))]
[JsonSerializable(typeof(ExecutionBody))]
[JsonSerializable(typeof(List<ExecutionBody>))]
[JsonSerializable(typeof(StartedBody))]
[JsonSerializable(typeof(BackfillPlanBody))]
[JsonSerializable(typeof(BackfillBody))]
[JsonSerializable(typeof(List<BackfillBody>))]
[JsonSerializable(typeof(ScriptBody))]
[JsonSerializable(typeof(List<WorkerBody>))]
[JsonSerializable(typeof(LedgerBody))]
[JsonSerializable(typeof(PreviewBody))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(List<KeyBody>))]
[JsonSerializable(typeof(SecretBody))]
[JsonSerializable(typeof(List<SecretBody>))]
[JsonSerializable(typeof(ResealBody))]
[JsonSerializable(typeof(List<AuditBody>))]
[JsonSerializable(typeof(LogLinkBody))]
[JsonSerializable(typeof(LogPieceBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ApiJson : JsonSerializerContext;

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Api.Audit;
using Dcron.Api.Executions;
using Dcron.Api.Health;
using Dcron.Api.Idempotency;
using Dcron.Api.Jobs;
using Dcron.Api.Keys;
using Dcron.Api.Ledger;
using Dcron.Api.Links;
using Dcron.Api.Problems;
using Dcron.Api.Schedule;
using Dcron.Api.Scripts;
using Dcron.Api.Secrets;
using Dcron.Api.Workers;

namespace Dcron.Api.Json;

/// <summary>How answers are written: snake_case, every field present, instants in UTC.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(JobSpecView))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(JobPatch))]
[JsonSerializable(typeof(IReadOnlyList<JobView>))]
[JsonSerializable(typeof(IReadOnlyList<JobVersionView>))]
[JsonSerializable(typeof(ExecutionView))]
[JsonSerializable(typeof(IReadOnlyList<ExecutionView>))]
[JsonSerializable(typeof(StartedView))]
[JsonSerializable(typeof(BackfillRequestView))]
[JsonSerializable(typeof(BackfillPlanView))]
[JsonSerializable(typeof(BackfillView))]
[JsonSerializable(typeof(IReadOnlyList<BackfillView>))]
[JsonSerializable(typeof(LogText))]
[JsonSerializable(typeof(LogLines))]
[JsonSerializable(typeof(LogMatches))]
[JsonSerializable(typeof(ScriptView))]
[JsonSerializable(typeof(LogLinkView))]
[JsonSerializable(typeof(ScriptLinkView))]
[JsonSerializable(typeof(IReadOnlyList<WorkerView>))]
[JsonSerializable(typeof(PreviewView))]
[JsonSerializable(typeof(LedgerView))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(IReadOnlyList<KeyView>))]
[JsonSerializable(typeof(KeyDocument))]
[JsonSerializable(typeof(KeyUse))]
[JsonSerializable(typeof(SecretView))]
[JsonSerializable(typeof(SecretRequest))]
[JsonSerializable(typeof(ResealView))]
[JsonSerializable(typeof(IReadOnlyList<SecretView>))]
[JsonSerializable(typeof(AuditRecord))]
[JsonSerializable(typeof(AuditOutcome))]
[JsonSerializable(typeof(AuditedKey))]
[JsonSerializable(typeof(AuditedSecret))]
[JsonSerializable(typeof(AuditedWorker))]
[JsonSerializable(typeof(IReadOnlyList<AuditView>))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(IdempotencyRecord))]
[JsonSerializable(typeof(SealedAnswer))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>With text as it is: answers are never put into HTML unescaped, and escapes would only make them hard to read.</summary>
    public static ApiJson Shared { get; } = new(Configure(new JsonSerializerOptions()));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new UtcTimeConverter());
        return options;
    }
}

/// <summary>The same for problem documents, which leave out what does not apply.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ProblemDocument))]
internal sealed partial class ProblemJson : JsonSerializerContext
{
    public static ProblemJson Shared { get; } = new(ApiJson.Configure(new JsonSerializerOptions { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull }));
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Cli.Api;

// Setters rather than init: generated readers fill every init property, and so would put null where an answer leaves a field out.

/// <summary>A job, as far as people are shown it.</summary>
internal sealed record JobBody
{
    public string JobId { get; set; } = "";

    public string? Name { get; set; }

    public string Time { get; set; } = "";

    public string? Description { get; set; }

    public string? Timezone { get; set; }

    public string ScriptType { get; set; } = "";

    public string ScriptLocation { get; set; } = "";

    public IReadOnlyList<string> Args { get; set; } = [];

    public IReadOnlyDictionary<string, JsonElement> Env { get; set; } = new Dictionary<string, JsonElement>();

    public double? TimeoutSeconds { get; set; }

    public string? OverlapPolicy { get; set; }

    public string? MisfirePolicy { get; set; }

    public DateTimeOffset? StartsAt { get; set; }

    public DateTimeOffset? EndsAt { get; set; }

    public bool Enabled { get; set; } = true;

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> WorkerSelector { get; set; } = new Dictionary<string, string>();

    public int? Version { get; set; }

    /// <summary>Of a version: from when it counted.</summary>
    public DateTimeOffset? EffectiveAt { get; set; }

    public DateTimeOffset? CreatedAt { get; set; }

    public DateTimeOffset? UpdatedAt { get; set; }

    public IReadOnlyList<DateTimeOffset> NextFireTimes { get; set; } = [];
}

internal sealed record ExecutionBody
{
    public string ExecutionId { get; set; } = "";

    public string JobId { get; set; } = "";

    public DateTimeOffset ExecutionDate { get; set; }

    public string ExecutionResult { get; set; } = "";

    public int? ExitStatus { get; set; }

    /// <summary>A name or a number.</summary>
    public JsonElement? Signal { get; set; }

    public string? Reason { get; set; }

    public string? LogsPath { get; set; }

    public long? LogBytes { get; set; }

    public string? WorkerId { get; set; }

    public int Attempt { get; set; } = 1;

    public string? Trigger { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public string? ScriptSha256 { get; set; }

    [JsonIgnore]
    public bool IsFinal => ExecutionResult is not ("queued" or "running");
}

internal sealed record StartedBody
{
    public string ExecutionId { get; set; } = "";
}

internal sealed record ScriptBody
{
    public string ScriptLocation { get; set; } = "";

    public string? Sha256 { get; set; }

    public long? Size { get; set; }
}

internal sealed record WorkerBody
{
    public string WorkerId { get; set; } = "";

    public string Host { get; set; } = "";

    public int Slots { get; set; }

    public int Running { get; set; }

    public IReadOnlyDictionary<string, string> Interpreters { get; set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

    public string State { get; set; } = "";
}

internal sealed record PreviewBody
{
    public string? Description { get; set; }

    public IReadOnlyList<DateTimeOffset> FireTimes { get; set; } = [];

    /// <summary>The same with the zone's own offset.</summary>
    public IReadOnlyList<string> LocalTimes { get; set; } = [];
}

internal sealed record KeyBody
{
    public string KeyId { get; set; } = "";

    public string Name { get; set; } = "";

    public string Role { get; set; } = "";

    /// <summary>The secret; only in the answer to its creation.</summary>
    public string? Key { get; set; }

    public DateTimeOffset? CreatedAt { get; set; }
}

internal sealed record LogLinkBody
{
    public string Url { get; set; } = "";
}

/// <summary>A piece of a log in an event stream.</summary>
internal sealed record LogPieceBody
{
    /// <summary>Position of its first byte in the log.</summary>
    public long Offset { get; set; }

    public string Text { get; set; } = "";
}

/// <summary>RFC 9457 problem details.</summary>
internal sealed record ProblemBody
{
    public string? Title { get; set; }

    public string? Detail { get; set; }

    public IReadOnlyDictionary<string, string[]>? Errors { get; set; }
}

/// <summary>Reads what the API writes. Fields that it gains later are passed over.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(List<JobBody>))]
[JsonSerializable(typeof(ExecutionBody))]
[JsonSerializable(typeof(List<ExecutionBody>))]
[JsonSerializable(typeof(StartedBody))]
[JsonSerializable(typeof(ScriptBody))]
[JsonSerializable(typeof(List<WorkerBody>))]
[JsonSerializable(typeof(PreviewBody))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(List<KeyBody>))]
[JsonSerializable(typeof(LogLinkBody))]
[JsonSerializable(typeof(LogPieceBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ApiJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Cli.Api;

/// <summary>A job, as far as people are shown it.</summary>
internal sealed record JobBody
{
    public string JobId { get; init; } = "";

    public string? Name { get; init; }

    public string Time { get; init; } = "";

    public string? Description { get; init; }

    public string? Timezone { get; init; }

    public string ScriptType { get; init; } = "";

    public string ScriptLocation { get; init; } = "";

    public IReadOnlyList<string> Args { get; init; } = [];

    public IReadOnlyDictionary<string, JsonElement> Env { get; init; } = new Dictionary<string, JsonElement>();

    public double? TimeoutSeconds { get; init; }

    public string? OverlapPolicy { get; init; }

    public string? MisfirePolicy { get; init; }

    public DateTimeOffset? StartsAt { get; init; }

    public DateTimeOffset? EndsAt { get; init; }

    public bool Enabled { get; init; } = true;

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> WorkerSelector { get; init; } = new Dictionary<string, string>();

    public int? Version { get; init; }

    /// <summary>Of a version: from when it counted.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public IReadOnlyList<DateTimeOffset> NextFireTimes { get; init; } = [];
}

internal sealed record ExecutionBody
{
    public string ExecutionId { get; init; } = "";

    public string JobId { get; init; } = "";

    public DateTimeOffset ExecutionDate { get; init; }

    public string ExecutionResult { get; init; } = "";

    public int? ExitStatus { get; init; }

    /// <summary>A name or a number.</summary>
    public JsonElement? Signal { get; init; }

    public string? Reason { get; init; }

    public string? LogsPath { get; init; }

    public long? LogBytes { get; init; }

    public string? WorkerId { get; init; }

    public int Attempt { get; init; } = 1;

    public string? Trigger { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public string? ScriptSha256 { get; init; }

    [JsonIgnore]
    public bool IsFinal => ExecutionResult is not ("queued" or "running");
}

internal sealed record StartedBody
{
    public string ExecutionId { get; init; } = "";
}

internal sealed record ScriptBody
{
    public string ScriptLocation { get; init; } = "";

    public string? Sha256 { get; init; }

    public long? Size { get; init; }
}

internal sealed record WorkerBody
{
    public string WorkerId { get; init; } = "";

    public string Host { get; init; } = "";

    public int Slots { get; init; }

    public int Running { get; init; }

    public IReadOnlyDictionary<string, string> Interpreters { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public string State { get; init; } = "";
}

internal sealed record PreviewBody
{
    public string? Description { get; init; }

    public IReadOnlyList<DateTimeOffset> FireTimes { get; init; } = [];

    /// <summary>The same with the zone's own offset.</summary>
    public IReadOnlyList<string> LocalTimes { get; init; } = [];
}

internal sealed record KeyBody
{
    public string KeyId { get; init; } = "";

    public string Name { get; init; } = "";

    public string Role { get; init; } = "";

    /// <summary>The secret; only in the answer to its creation.</summary>
    public string? Key { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }
}

/// <summary>A piece of a log in an event stream.</summary>
internal sealed record LogPieceBody
{
    /// <summary>Position of its first byte in the log.</summary>
    public long Offset { get; init; }

    public string Text { get; init; } = "";
}

/// <summary>RFC 9457 problem details.</summary>
internal sealed record ProblemBody
{
    public string? Title { get; init; }

    public string? Detail { get; init; }

    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
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
[JsonSerializable(typeof(LogPieceBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ApiJson : JsonSerializerContext;

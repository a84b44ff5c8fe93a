using System.Text.Json.Nodes;
using Dcron.Api.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Microsoft.OpenApi;

namespace Dcron.Api.OpenApi;

/// <summary>A parameter as the API's description has it.</summary>
/// <param name="Example">As JSON.</param>
internal sealed record ApiParameter(string Name, string Description, JsonSchemaType Type, JsonNode? Example = null, ParameterLocation In = ParameterLocation.Query)
{
    public bool Required { get; init; }

    public string? Format { get; init; }

    public int? Least { get; init; }

    public int? Most { get; init; }

    public IReadOnlyList<string>? Words { get; init; }

    public OpenApiParameter ToOpenApi() => new()
    {
        Name = Name,
        In = In,
        Required = Required || In == ParameterLocation.Path,
        Description = Description,
        Example = Example?.DeepClone(),
        Schema = new OpenApiSchema
        {
            Type = Type,
            Format = Format,
            Minimum = Least?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Maximum = Most?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Enum = Words?.Select(JsonNode (word) => JsonValue.Create(word)).ToList(),
        },
    };
}

internal static class ApiParameters
{
    private static readonly ApiParameter Cursor = new("cursor", "Where the page before ended: take it from the `Link` header. A page may be short, or empty, where much was looked through and more may follow: only one without that header is the last.", JsonSchemaType.String);

    private static readonly ApiParameter Limit = new("limit", "Most entries of the page.", JsonSchemaType.Integer, 100) { Least = 1, Most = 500 };

    public static IReadOnlyList<ApiParameter> Page => [Limit, Cursor];

    public static IReadOnlyList<ApiParameter> JobFilters =>
    [
        Limit, Cursor,
        new("name", "Part of the name, in any case.", JsonSchemaType.String, "nightly"),
        new("enabled", "`false` for paused jobs.", JsonSchemaType.Boolean, true),
        new("label", "`label=value`, or `label` for any value.", JsonSchemaType.String, "team=ops"),
        .. Namespace,
    ];

    public static IReadOnlyList<ApiParameter> Namespace => [new("namespace", "Only this namespace; what the key is limited to otherwise.", JsonSchemaType.String, "payments")];

    public static IReadOnlyList<ApiParameter> AuditFilters =>
    [
        Limit, Cursor, .. Namespace,
        new("target", "What was changed: `job:`, `key:`, `secret:`, `worker:` or `execution:` and the id.", JsonSchemaType.String, "job:01k8x2m4qzb7c9d3f5g1"),
        new("actor", "Who: the id of a key, or a name.", JsonSchemaType.String, "deploy-pipeline"),
        new("action", "What was called.", JsonSchemaType.String, "update_job"),
        new("from", "From this instant on.", JsonSchemaType.String, "2026-03-01T00:00:00Z") { Format = "date-time" },
        new("to", "Before this instant.", JsonSchemaType.String, "2026-04-01T00:00:00Z") { Format = "date-time" },
    ];

    public static IReadOnlyList<ApiParameter> ExecutionFilters =>
    [
        Limit, Cursor,
        new("result", "Only executions with this result.", JsonSchemaType.String, "failed") { Words = [.. Enum.GetValues<ExecutionResult>().Select(Json.Words.Of)] },
        new("from", "Fire times from this instant on.", JsonSchemaType.String, "2026-03-01T00:00:00Z") { Format = "date-time" },
        new("to", "Fire times before this instant.", JsonSchemaType.String, "2026-04-01T00:00:00Z") { Format = "date-time" },
    ];

    public static IReadOnlyList<ApiParameter> Follow =>
    [
        new("follow", "`true` answers server-sent events: `log` with `{offset, text}` as it comes, then `end` with the execution. `Last-Event-ID` takes up again.", JsonSchemaType.Boolean, true),
    ];

    public static IReadOnlyList<ApiParameter> LogLines => [new("from", "The first block to tell of; default 0.", JsonSchemaType.Integer, 0) { Least = 0 }];

    public static IReadOnlyList<ApiParameter> LogSearch =>
    [
        new("q", "The text, 1 to 200 characters; their case makes no difference.", JsonSchemaType.String, "error") { Required = true },
        new("offset", "Where to begin: 0, or `next_offset` of the call before.", JsonSchemaType.Integer, 0) { Least = 0 },
        new("line", "The line there: 1, or `next_line` of the call before.", JsonSchemaType.Integer, 1) { Least = 1 },
    ];

    public static IReadOnlyList<ApiParameter> Preview =>
    [
        new("time", "Cron expression of 5 or 6 fields, or a macro.", JsonSchemaType.String, "0 2 * * MON-FRI") { Required = true },
        new("timezone", "IANA name; default `UTC`.", JsonSchemaType.String, "Europe/Lisbon"),
        new("count", "How many fire times; default 5.", JsonSchemaType.Integer, 5) { Least = 1, Most = 100 },
        new("from", "Fire times after this instant; default now.", JsonSchemaType.String, "2026-03-28T00:00:00Z") { Format = "date-time" },
        new("dst_gap", "What becomes of local times that are left out when clocks are put forward; default `shift`.", JsonSchemaType.String, "shift") { Words = [.. Enum.GetValues<DstGap>().Select(Json.Words.Of)] },
        new("dst_overlap", "What becomes of local times that come twice when clocks are put back; default `auto`.", JsonSchemaType.String, "auto") { Words = [.. Enum.GetValues<DstOverlap>().Select(Json.Words.Of)] },
    ];

    public static IReadOnlyList<ApiParameter> Verify =>
    [
        new("from", "Fire times from this instant on.", JsonSchemaType.String, "2026-03-01T00:00:00Z") { Format = "date-time", Required = true },
        new("to", "Fire times before this instant; what lies ahead is left out.", JsonSchemaType.String, "2026-04-01T00:00:00Z") { Format = "date-time", Required = true },
        new("job_id", "Only this job; also one that is deleted.", JsonSchemaType.String),
        new("late_milliseconds", "From how long after it was due a start is late; default 1000.", JsonSchemaType.Integer, 1000) { Least = 0, Most = 86_400_000 },
        new("limit", "How many findings of each kind are told; default 20. All are counted.", JsonSchemaType.Integer, 20) { Least = 0, Most = 1000 },
    ];

    public static IReadOnlyList<ApiParameter> ScriptName =>
        [new("name", "File name, for people and for the script's extension.", JsonSchemaType.String, "backup.py")];

    public static ApiParameter Range => Header("Range", "A range of bytes.", "bytes=0-1023");

    public static ApiParameter LastEventId => Header("Last-Event-ID", "With `follow`: the id of the last event that was seen.", "4096");

    public static ApiParameter IdempotencyKey =>
        Header("Idempotency-Key", "A repeat with the same key answers what the first did. 1 to 255 printable ASCII characters.", "5c1f2f0e-nightly");

    public static ApiParameter IfMatch => Header("If-Match", "The `ETag` that the job must still have; 412 otherwise.", "\"v1\"");

    public static ApiParameter IfNoneMatch => Header("If-None-Match", "The `ETag` that is known already; 304 if it is still the job's.", "\"v1\"");

    /// <summary>What the parts of a path mean.</summary>
    public static string? OfPath(string name) => name switch
    {
        "job_id" => "Id of a job, as CREATE JOB answered it.",
        "execution_id" => "Id of an execution, such as `01k8…@20260329T010000Z`.",
        "number" => "Number of a backfill, as it was answered.",
        "worker_id" => "Id of a worker, as `GET /workers` lists it.",
        "name" => "Name of a secret.",
        "key_id" => "Id of an API key: the part of it between the underscores.",
        _ => null,
    };

    private static ApiParameter Header(string name, string description, string example) =>
        new(name, description, JsonSchemaType.String, example, ParameterLocation.Header);
}

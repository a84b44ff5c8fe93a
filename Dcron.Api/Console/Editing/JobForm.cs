using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Api.Jobs;
using Dcron.Api.Json;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Console.Editing;

/// <summary>
/// The fields of a job as texts, as a form has them. They become the same JSON that the API takes, so that the same rules judge them and the same
/// sentences say what is wrong.
/// </summary>
public sealed class JobForm
{
    private const string SecretPrefix = "secret:";
    private const string SecretFilePrefix = "secret-file:";

    private static readonly string[] SizeLimits = ["memory_bytes", "file_size_bytes", "disk_bytes"];
    private static readonly string[] CountLimits = ["processes", "open_files", "cpu_seconds"];

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <summary>What is wrong, by field, as the API tells it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; set; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The text of a field; empty where there is none.</summary>
    public string this[string field]
    {
        get => _texts.GetValueOrDefault(field) ?? "";
        set => _texts[field] = value;
    }

    /// <summary>The messages of a field and of its parts, such as <c>env.PATH</c>.</summary>
    public IReadOnlyList<string> ErrorsOf(string field) =>
    [
        .. Errors.Where(error => error.Key == field || error.Key.StartsWith(field + ".", StringComparison.Ordinal) || error.Key.StartsWith(field + "[", StringComparison.Ordinal))
            .SelectMany(error => error.Value.Select(message => error.Key == field ? message : $"{error.Key[(field.Length + 1)..].TrimEnd(']')} {message}")),
    ];

    /// <summary>The messages of a field itself, without those of its parts.</summary>
    public IReadOnlyList<string> ErrorsOnlyOf(string field) => Errors.GetValueOrDefault(field) ?? [];

    /// <summary>Messages of fields that the form has no place for.</summary>
    public IReadOnlyList<string> OtherErrors(IEnumerable<string> shown) =>
        [.. Errors.Where(error => !shown.Contains(error.Key.Split('.', '[')[0], StringComparer.Ordinal)).SelectMany(error => error.Value.Select(message => $"{error.Key}: {message}"))];

    internal static JobForm Of(JobSpec spec)
    {
        var form = new JobForm();
        foreach (var (field, value) in (JsonObject)JsonSerializer.SerializeToNode(JobSpecView.Of(spec), ApiJson.Shared.JobSpecView)!)
            Write(form, field, value);
        return form;
    }

    internal static JobForm Of(IFormCollection fields)
    {
        var form = new JobForm();
        foreach (var (field, value) in fields)
            form[field] = value.ToString().ReplaceLineEndings("\n");
        return form;
    }

    /// <summary>The job as the API takes it. Empty fields are left out; what can't be read goes as it stands, for the API's reader to say so.</summary>
    /// <param name="current">For a change: fields that this form does not have stay as they are.</param>
    internal JsonObject ToJson(JobSpec? current)
    {
        var job = current is null ? [] : (JsonObject)JsonSerializer.SerializeToNode(JobSpecView.Of(current), ApiJson.Shared.JobSpecView)!;
        foreach (var field in (string[])["time", "script_type", "script_location", "name", "timezone", "overlap_policy", "misfire_policy", "dst_gap", "dst_overlap", "stderr", "namespace"])
            Set(job, field, this[field].Trim() is { Length: > 0 } text ? text : null);
        Set(job, "starts_at", Instant("starts_at"));
        Set(job, "ends_at", Instant("ends_at"));
        foreach (var field in (string[])["timeout_seconds", "starting_deadline_seconds", "queue_limit", "jitter_seconds"])
            Set(job, field, Number(this[field]));
        WriteRetries(job);
        WriteLimits(job);
        Set(job, "network", this["network"] switch { "" => null, "true" => true, "false" => false, var other => other });
        job["args"] = new JsonArray([.. Lines("args").Select(JsonNode (line) => FormText.FromLine(line))]);
        job["env"] = Map("env", EnvValueOf);
        job["labels"] = Map("labels", text => text);
        job["worker_selector"] = Map("worker_selector", text => text);
        if (_texts.ContainsKey("enabled_there"))
            job["enabled"] = this["enabled"].Length > 0;
        return job;
    }

    private void Set(JsonObject job, string field, JsonNode? value)
    {
        if (!_texts.ContainsKey(field))
            return;
        if (value is null)
            job.Remove(field);
        else
            job[field] = value;
    }

    /// <summary>No attempts, no retries: the other fields then say nothing.</summary>
    private void WriteRetries(JsonObject job)
    {
        if (!_texts.ContainsKey("retries.count"))
            return;
        if (this["retries.count"].Trim() is "" or "0")
        {
            job.Remove("retries");
            return;
        }

        var retries = job["retries"] as JsonObject ?? [];
        job["retries"] = retries;
        foreach (var field in (string[])["count", "delay_seconds", "max_delay_seconds", "jitter"])
            retries[field] = Number(this["retries." + field]);
        retries["backoff"] = this["retries.backoff"] is { Length: > 0 } backoff ? backoff : null;
        retries["on_exit_codes"] = new JsonArray([.. Words("retries.on_exit_codes").Select(Number)]);
        retries["on"] = Words("retries.on") is { Length: > 0 } results ? new JsonArray([.. results.Select(JsonNode (word) => word)]) : null;
    }

    private void WriteLimits(JsonObject job)
    {
        if (!_texts.ContainsKey("limits.memory_bytes"))
            return;

        var limits = new JsonObject();
        foreach (var field in SizeLimits)
            limits[field] = FormText.Bytes(this["limits." + field]) is { } bytes ? bytes : Number(this["limits." + field]);
        foreach (var field in CountLimits)
            limits[field] = Number(this["limits." + field]);
        if (limits.Any(limit => limit.Value is not null))
            job["limits"] = limits;
        else
            job.Remove("limits");
    }

    private static JsonNode? Number(string text) =>
        text.Trim() is not { Length: > 0 } given ? null
        : long.TryParse(given, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
        : double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number
        : given;

    private string[] Words(string field) => this[field].Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>A time as people write it is meant in the job's zone.</summary>
    private string? Instant(string field)
    {
        var text = this[field].Trim();
        if (text.Length == 0)
            return null;
        var zone = Dcron.Grains.Scheduling.TimezoneName.TryFind(this["timezone"].Trim(), out var found, out _) ? found : TimeZoneInfo.Utc;
        return ConsolePages.TimeOf(text, zone) is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : text;
    }

    private IEnumerable<string> Lines(string field) => this[field].Split('\n').Where(line => line.Length > 0);

    private JsonObject Map(string field, Func<string, JsonNode> valueOf)
    {
        var map = new JsonObject();
        foreach (var line in Lines(field).Where(line => !string.IsNullOrWhiteSpace(line)))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            // A line without '=' has no value; the reader names the variable that it belongs to.
            map[equals < 0 ? line.Trim() : line[..equals].Trim()] = equals < 0 ? null : valueOf(line[(equals + 1)..]);
        }

        return map;
    }

    private static JsonNode EnvValueOf(string text) =>
        text.StartsWith(SecretPrefix, StringComparison.Ordinal) ? new JsonObject { ["secret"] = text[SecretPrefix.Length..].Trim() }
        : text.StartsWith(SecretFilePrefix, StringComparison.Ordinal) ? new JsonObject { ["secret"] = text[SecretFilePrefix.Length..].Trim(), ["as"] = "file" }
        : FormText.FromLine(text);

    private static void Write(JobForm form, string field, JsonNode? value)
    {
        if (field is "retries" or "limits" && value is JsonObject parts)
        {
            foreach (var (part, of) in parts)
            {
                form[$"{field}.{part}"] = of is JsonArray several ? string.Join(", ", several.Select(TextOf))
                    : of is not null && SizeLimits.Contains(part) ? FormText.OfBytes((long)of)
                    : TextOf(of);
            }

            return;
        }

        form[field] = value switch
        {
            JsonArray list => string.Join('\n', list.Select(LineOf)),
            JsonObject map => string.Join('\n', map.Select(pair => $"{pair.Key}={(pair.Value is JsonObject secret ? TextOf(secret) : FormText.ToLine(TextOf(pair.Value), SecretPrefix, SecretFilePrefix))}")),
            _ => TextOf(value),
        };
    }

    // An empty argument would be an empty line, which says nothing.
    private static string LineOf(JsonNode? value) => TextOf(value) is { Length: > 0 } text ? FormText.ToLine(text) : FormText.Quoted("");

    private static string TextOf(JsonNode? value) => value switch
    {
        null => "",
        JsonObject secret => ((string?)secret["as"] == "file" ? SecretFilePrefix : SecretPrefix) + (string?)secret["secret"],
        JsonValue text when text.GetValueKind() == JsonValueKind.String => text.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}

using System.Collections.Frozen;
using System.Text.Json;
using Dcron.Api.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>The fields of a job in a request: how each is read into a spec, and what is said of the ones that can't be there.</summary>
internal static class JobFields
{
    /// <summary>Reads one field; answers the spec unchanged, and an error, when it can't.</summary>
    public delegate JobSpec Reader(JobSpec spec, JsonElement value, FieldErrors errors);

    public static readonly IReadOnlyList<string> Required = ["time", "script_type", "script_location"];

    public static readonly FrozenDictionary<string, Reader> Readers = new Dictionary<string, Reader>(StringComparer.Ordinal)
    {
        ["time"] = Text("time", (spec, text) => spec with { Time = text }),
        ["script_type"] = Text("script_type", (spec, text) => spec with { ScriptType = text }),
        ["script_location"] = Text("script_location", (spec, text) => spec with { ScriptLocation = text }),
        ["name"] = Text("name", (spec, text) => spec with { Name = text }),
        ["timezone"] = Text("timezone", (spec, text) => spec with { Timezone = text }),
        ["args"] = ReadArgs,
        ["env"] = Texts("env", (spec, texts) => spec with { Env = texts }),
        ["timeout_seconds"] = ReadTimeout,
        ["starts_at"] = Time("starts_at", (spec, time) => spec with { StartsAt = time }),
        ["ends_at"] = Time("ends_at", (spec, time) => spec with { EndsAt = time }),
        ["enabled"] = ReadEnabled,
        ["labels"] = Texts("labels", (spec, texts) => spec with { Labels = texts }),
        ["worker_selector"] = Texts("worker_selector", (spec, texts) => spec with { WorkerSelector = texts }),
        ["overlap_policy"] = Policy<OverlapPolicy>("overlap_policy", (spec, policy) => spec with { OverlapPolicy = policy }),
        ["misfire_policy"] = Policy<MisfirePolicy>("misfire_policy", (spec, policy) => spec with { MisfirePolicy = policy }),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What dcron answers about a job and nobody can set.</summary>
    public static readonly FrozenSet<string> Answered =
        new[] { "job_id", "version", "created_at", "updated_at", "planned_up_to", "next_fire_times", "description" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Known to the format, and not to this version: refused by name rather than accepted and not done.</summary>
    public static readonly FrozenSet<string> NotInThisVersion =
        new[] { "retries", "misfire_grace_seconds", "jitter_seconds", "deadline_seconds", "max_concurrent" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Names that other schedulers use, without underscores.</summary>
    public static readonly FrozenDictionary<string, string> Synonyms = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["cron"] = "time", ["cronexpression"] = "time", ["expression"] = "time", ["schedule"] = "time",
        ["type"] = "script_type", ["interpreter"] = "script_type", ["language"] = "script_type",
        ["script"] = "script_location", ["location"] = "script_location", ["path"] = "script_location", ["file"] = "script_location", ["url"] = "script_location",
        ["tz"] = "timezone", ["zone"] = "timezone", ["timezonename"] = "timezone",
        ["arguments"] = "args", ["argv"] = "args", ["parameters"] = "args",
        ["environment"] = "env", ["envvars"] = "env", ["variables"] = "env",
        ["timeout"] = "timeout_seconds", ["maxruntime"] = "timeout_seconds",
        ["start"] = "starts_at", ["startdate"] = "starts_at", ["from"] = "starts_at", ["end"] = "ends_at", ["enddate"] = "ends_at", ["until"] = "ends_at",
        ["paused"] = "enabled", ["suspend"] = "enabled", ["active"] = "enabled", ["disabled"] = "enabled",
        ["tags"] = "labels", ["selector"] = "worker_selector", ["nodeselector"] = "worker_selector",
        ["overlap"] = "overlap_policy", ["concurrencypolicy"] = "overlap_policy", ["misfire"] = "misfire_policy", ["title"] = "name", ["id"] = "name",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static Reader Text(string field, Func<JobSpec, string, JobSpec> set) => (spec, value, errors) =>
    {
        if (value.ValueKind == JsonValueKind.String)
            return set(spec, value.GetString()!);

        errors.AddMalformed(field, $"must be a text{ButIs(value)}");
        return spec;
    };

    private static Reader Time(string field, Func<JobSpec, DateTimeOffset, JobSpec> set) => (spec, value, errors) =>
    {
        if (value.ValueKind == JsonValueKind.String && Rfc3339.TryParse(value.GetString(), out var time))
            return set(spec, time);

        errors.AddMalformed(field, Rfc3339.Advice + (value.ValueKind == JsonValueKind.String ? "" : ButIs(value)));
        return spec;
    };

    private static Reader Texts(string field, Func<JobSpec, IReadOnlyDictionary<string, string>, JobSpec> set) => (spec, value, errors) =>
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.AddMalformed(field, $"must be an object of texts, such as {{\"KEY\": \"value\"}}{ButIs(value)}");
            return spec;
        }

        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.String)
                texts[property.Name] = property.Value.GetString()!;
            else
                errors.AddMalformed($"{field}.{property.Name}", $"must be a text{ButIs(property.Value)}; write it in quotes");
        }

        return set(spec, texts);
    };

    private static Reader Policy<T>(string field, Func<JobSpec, T, JobSpec> set)
        where T : struct, Enum => (spec, value, errors) =>
    {
        if (value.ValueKind != JsonValueKind.String)
            errors.AddMalformed(field, $"must be a text{ButIs(value)}; this version has only \"{Words.All<T>()}\"");
        else if (Words.TryParse<T>(value.GetString(), out var policy))
            return set(spec, policy);
        else
            errors.Add(field, $"must be \"{Words.All<T>()}\": this version has no other");
        return spec;
    };

    private static JobSpec ReadArgs(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.AddMalformed("args", $"must be an array of texts, such as [\"--fast\", \"3\"]{ButIs(value)}");
            return spec;
        }

        var args = new List<string>();
        foreach (var (position, element) in value.EnumerateArray().Index())
        {
            if (element.ValueKind == JsonValueKind.String)
                args.Add(element.GetString()!);
            else
                errors.AddMalformed($"args[{position}]", $"must be a text{ButIs(element)}; write it in quotes");
        }

        return spec with { Args = args };
    }

    private static JobSpec ReadTimeout(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && double.IsFinite(seconds))
            return spec with { TimeoutSeconds = seconds };

        errors.AddMalformed("timeout_seconds", $"must be a number of seconds{ButIs(value)}");
        return spec;
    }

    private static JobSpec ReadEnabled(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return spec with { Enabled = value.GetBoolean() };

        errors.AddMalformed("enabled", $"must be true or false{ButIs(value)}");
        return spec;
    }

    private static string ButIs(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => ", not an object",
        JsonValueKind.Array => ", not an array",
        JsonValueKind.String => ", not a text",
        JsonValueKind.Number => ", not a number",
        JsonValueKind.True or JsonValueKind.False => ", not true or false",
        _ => ", not null",
    };
}

using System.Collections.Frozen;
using System.Text.Json;
using Dcron.Api.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Access;
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
        ["env"] = EnvValue.Read,
        ["timeout_seconds"] = Seconds("timeout_seconds", (spec, seconds) => spec with { TimeoutSeconds = seconds }),
        ["starts_at"] = Time("starts_at", (spec, time) => spec with { StartsAt = time }),
        ["ends_at"] = Time("ends_at", (spec, time) => spec with { EndsAt = time }),
        ["enabled"] = ReadEnabled,
        ["labels"] = Texts("labels", (spec, texts) => spec with { Labels = texts }),
        ["worker_selector"] = Texts("worker_selector", (spec, texts) => spec with { WorkerSelector = texts }),
        ["overlap_policy"] = Policy<OverlapPolicy>("overlap_policy", (spec, policy) => spec with { OverlapPolicy = policy }),
        ["namespace"] = Text("namespace", (spec, text) => spec with { Namespace = Namespaces.ToStored(text) }),
        ["misfire_policy"] = Policy<MisfirePolicy>("misfire_policy", (spec, policy) => spec with { MisfirePolicy = policy }),
        ["starting_deadline_seconds"] = Seconds("starting_deadline_seconds", (spec, seconds) => spec with { StartingDeadlineSeconds = seconds }),
        ["queue_limit"] = ReadQueueLimit,
        ["retries"] = RetryFields.Read,
        ["limits"] = LimitFields.Read,
        ["network"] = ReadNetwork,
        ["stderr"] = Policy<StderrMode>("stderr", (spec, mode) => spec with { Stderr = mode }),
        ["jitter_seconds"] = Seconds("jitter_seconds", (spec, seconds) => spec with { JitterSeconds = seconds }),
        ["dst_gap"] = Policy<DstGap>("dst_gap", (spec, policy) => spec with { DstGap = policy }),
        ["dst_overlap"] = Policy<DstOverlap>("dst_overlap", (spec, policy) => spec with { DstOverlap = policy }),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What dcron answers about a job and nobody can set.</summary>
    public static readonly FrozenSet<string> Answered =
        new[] { "job_id", "version", "created_at", "updated_at", "planned_up_to", "next_fire_times", "description" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Known to the format, and not to this version: refused by name rather than accepted and not done.</summary>
    public static readonly FrozenSet<string> NotInThisVersion =
        new[] { "max_concurrent" }.ToFrozenSet(StringComparer.Ordinal);

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
        ["overlap"] = "overlap_policy", ["concurrencypolicy"] = "overlap_policy", ["misfire"] = "misfire_policy", ["catchup"] = "misfire_policy",
        ["startingdeadline"] = "starting_deadline_seconds", ["deadlineseconds"] = "starting_deadline_seconds", ["misfiregraceseconds"] = "starting_deadline_seconds",
        ["misfiregracetime"] = "starting_deadline_seconds", ["queue"] = "queue_limit", ["retry"] = "retries", ["retrypolicy"] = "retries", ["backofflimit"] = "retries",
        ["jitter"] = "jitter_seconds", ["dst"] = "dst_gap", ["title"] = "name", ["id"] = "name",
        ["resources"] = "limits", ["ulimits"] = "limits", ["memory"] = "limits", ["internet"] = "network", ["ns"] = "namespace", ["tenant"] = "namespace", ["project"] = "namespace", ["secrets"] = "env",
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
            errors.AddMalformed(field, $"must be a text{ButIs(value)}; there are {Words.All<T>()}");
        else if (Words.TryParse<T>(value.GetString(), out var policy))
            return set(spec, policy);
        else
            errors.Add(field, $"must be one of {Words.All<T>()}");
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

    private static Reader Seconds(string field, Func<JobSpec, double, JobSpec> set) => (spec, value, errors) =>
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && double.IsFinite(seconds))
            return set(spec, seconds);

        errors.AddMalformed(field, $"must be a number of seconds{ButIs(value)}");
        return spec;
    };

    private static JobSpec ReadQueueLimit(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var limit))
            return spec with { QueueLimit = limit };

        errors.AddMalformed("queue_limit", $"must be a whole number{ButIs(value)}");
        return spec;
    }

    private static JobSpec ReadNetwork(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return spec with { Network = value.GetBoolean() };

        errors.AddMalformed("network", $"must be true or false{ButIs(value)}");
        return spec;
    }

    private static JobSpec ReadEnabled(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return spec with { Enabled = value.GetBoolean() };

        errors.AddMalformed("enabled", $"must be true or false{ButIs(value)}");
        return spec;
    }

    /// <summary>The end of a sentence that says what a value must be: what it is instead.</summary>
    public static string ButIs(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => ", not an object",
        JsonValueKind.Array => ", not an array",
        JsonValueKind.String => ", not a text",
        JsonValueKind.Number => ", not a number",
        JsonValueKind.True or JsonValueKind.False => ", not true or false",
        _ => ", not null",
    };
}

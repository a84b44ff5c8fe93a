using System.Collections.Frozen;
using System.Text.Json;
using Dcron.Api.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>The fields of <c>retries</c> in a request.</summary>
internal static class RetryFields
{
    private const string Field = "retries";

    private static readonly FrozenDictionary<string, Func<RetryPolicy, JsonElement, FieldErrors, RetryPolicy>> Readers =
        new Dictionary<string, Func<RetryPolicy, JsonElement, FieldErrors, RetryPolicy>>(StringComparer.Ordinal)
        {
            ["count"] = (policy, value, errors) => policy with { Count = Whole("retries.count", value, errors) ?? 1 },
            ["backoff"] = ReadBackoff,
            ["delay_seconds"] = (policy, value, errors) => policy with { DelaySeconds = Number("retries.delay_seconds", value, errors) ?? policy.DelaySeconds },
            ["max_delay_seconds"] = (policy, value, errors) => policy with { MaxDelaySeconds = Number("retries.max_delay_seconds", value, errors) ?? policy.MaxDelaySeconds },
            ["jitter"] = (policy, value, errors) => policy with { Jitter = Number("retries.jitter", value, errors) ?? policy.Jitter },
            ["on_exit_codes"] = ReadExitCodes,
            ["on"] = ReadResults,
        }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Synonyms = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["max"] = "count", ["maxattempts"] = "count", ["attempts"] = "count", ["limit"] = "count", ["retries"] = "count",
        ["delay"] = "delay_seconds", ["interval"] = "delay_seconds", ["wait"] = "delay_seconds", ["maxdelay"] = "max_delay_seconds", ["cap"] = "max_delay_seconds",
        ["exitcodes"] = "on_exit_codes", ["codes"] = "on_exit_codes", ["results"] = "on", ["policy"] = "backoff", ["strategy"] = "backoff",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static JobSpec Read(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.AddMalformed(Field, $"must be an object, such as {{\"count\": 3}}{JobFields.ButIs(value)}");
            return spec;
        }

        var policy = new RetryPolicy { Count = 1 };
        var given = false;
        foreach (var property in value.EnumerateObject())
        {
            if (!Readers.TryGetValue(property.Name, out var reader))
            {
                var shown = property.Name.Length <= 100 ? property.Name : property.Name[..100] + "…";
                errors.AddMalformed($"{Field}.{shown}", Suggestion.For(property.Name, Readers.Keys, Synonyms) is { } meant
                    ? $"is not a field of retries; did you mean '{meant}'?"
                    : $"is not a field of retries; there are {string.Join(", ", Readers.Keys.Order(StringComparer.Ordinal))}");
            }
            else if (property.Value.ValueKind != JsonValueKind.Null)
            {
                given |= property.Name == "count";
                policy = reader(policy, property.Value, errors);
            }
        }

        if (!given && !errors.Has("retries.count"))
            errors.AddMalformed("retries.count", "is required: how many attempts may follow the first");
        // A delay above the usual longest one is meant as it stands.
        if (policy.DelaySeconds > policy.MaxDelaySeconds && !(value.TryGetProperty("max_delay_seconds", out var most) && most.ValueKind != JsonValueKind.Null))
            policy = policy with { MaxDelaySeconds = policy.DelaySeconds };
        return spec with { Retries = policy };
    }

    private static RetryPolicy ReadBackoff(RetryPolicy policy, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.String)
            errors.AddMalformed("retries.backoff", $"must be a text{JobFields.ButIs(value)}; there are {Words.All<RetryBackoff>()}");
        else if (Words.TryParse<RetryBackoff>(value.GetString(), out var backoff))
            return policy with { Backoff = backoff };
        else
            errors.Add("retries.backoff", $"must be one of {Words.All<RetryBackoff>()}");
        return policy;
    }

    private static RetryPolicy ReadExitCodes(RetryPolicy policy, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.AddMalformed("retries.on_exit_codes", $"must be an array of numbers, such as [75, 111]{JobFields.ButIs(value)}");
            return policy;
        }

        var codes = value.EnumerateArray().Select((code, i) => Whole($"retries.on_exit_codes[{i}]", code, errors)).OfType<int>();
        return policy with { OnExitCodes = [.. codes] };
    }

    private static RetryPolicy ReadResults(RetryPolicy policy, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.AddMalformed("retries.on", $"must be an array of results, such as [\"failed\", \"lost\"]{JobFields.ButIs(value)}");
            return policy;
        }

        var results = new List<ExecutionResult>();
        foreach (var (i, element) in value.EnumerateArray().Index())
        {
            if (element.ValueKind == JsonValueKind.String && Words.TryParse<ExecutionResult>(element.GetString(), out var result))
                results.Add(result);
            else
                errors.AddMalformed($"retries.on[{i}]", "must be failed, timed_out or lost");
        }

        return policy with { On = results };
    }

    private static int? Whole(string field, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
            return number;

        errors.AddMalformed(field, $"must be a whole number{JobFields.ButIs(value)}");
        return null;
    }

    private static double? Number(string field, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number))
            return number;

        errors.AddMalformed(field, $"must be a number{JobFields.ButIs(value)}");
        return null;
    }
}

using System.Collections.Frozen;
using System.Text.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Containing;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>The fields of <c>limits</c> in a request.</summary>
internal static class LimitFields
{
    private const string Field = "limits";

    private static readonly FrozenDictionary<string, Func<ScriptLimits, long, ScriptLimits?>> Setters = new Dictionary<string, Func<ScriptLimits, long, ScriptLimits?>>(StringComparer.Ordinal)
    {
        ["memory_bytes"] = (limits, value) => limits with { MemoryBytes = value },
        ["processes"] = (limits, value) => Whole(value) is { } number ? limits with { Processes = number } : null,
        ["open_files"] = (limits, value) => Whole(value) is { } number ? limits with { OpenFiles = number } : null,
        ["cpu_seconds"] = (limits, value) => Whole(value) is { } number ? limits with { CpuSeconds = number } : null,
        ["file_size_bytes"] = (limits, value) => limits with { FileSizeBytes = value },
        ["disk_bytes"] = (limits, value) => limits with { DiskBytes = value },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Synonyms = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["memory"] = "memory_bytes", ["mem"] = "memory_bytes", ["ram"] = "memory_bytes", ["pids"] = "processes", ["nproc"] = "processes", ["threads"] = "processes",
        ["files"] = "open_files", ["nofile"] = "open_files", ["cpu"] = "cpu_seconds", ["cputime"] = "cpu_seconds", ["filesize"] = "file_size_bytes", ["fsize"] = "file_size_bytes", ["disk"] = "disk_bytes", ["disksize"] = "disk_bytes", ["tmp"] = "disk_bytes",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static JobSpec Read(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.AddMalformed(Field, $"must be an object, such as {{\"memory_bytes\": 536870912}}{JobFields.ButIs(value)}");
            return spec;
        }

        var limits = ScriptLimits.None;
        foreach (var property in value.EnumerateObject())
        {
            if (!Setters.TryGetValue(property.Name, out var set))
            {
                var shown = property.Name.Length <= 100 ? property.Name : property.Name[..100] + "…";
                errors.AddMalformed($"{Field}.{shown}", Suggestion.For(property.Name, Setters.Keys, Synonyms) is { } meant
                    ? $"is not a limit; did you mean '{meant}'?"
                    : $"is not a limit; there are {string.Join(", ", Setters.Keys.Order(StringComparer.Ordinal))}");
            }
            else if (property.Value.ValueKind != JsonValueKind.Null)
            {
                if (property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out var number) && set(limits, number) is { } changed)
                    limits = changed;
                else
                    errors.AddMalformed($"{Field}.{property.Name}", $"must be a whole number{(property.Value.ValueKind == JsonValueKind.Number ? "" : JobFields.ButIs(property.Value))}");
            }
        }

        return spec with { Limits = limits == ScriptLimits.None ? null : limits };
    }

    private static int? Whole(long value) => value is >= int.MinValue and <= int.MaxValue ? (int)value : null;
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dcron.Api.Json;

/// <summary>JSON merge patch, RFC 7396.</summary>
internal static class MergePatch
{
    /// <summary>Applies a patch. <paramref name="target"/> may be changed in place; use only the result afterwards.</summary>
    public static JsonNode? Apply(JsonNode? target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
            return patch.ValueKind == JsonValueKind.Null ? null : JsonNode.Parse(patch.GetRawText());

        var merged = target as JsonObject ?? [];
        foreach (var property in patch.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null)
            {
                merged.Remove(property.Name);
                continue;
            }

            // A node can have one parent only: it must leave its place before it can be put back.
            merged.Remove(property.Name, out var current);
            merged[property.Name] = Apply(current, property.Value);
        }

        return merged;
    }
}

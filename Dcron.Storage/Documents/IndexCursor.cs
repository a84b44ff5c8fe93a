using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Dcron.Storage.Documents;

/// <summary>Where a page of an index ended: the last row's values after the equal ones, then its id. Opaque to callers.</summary>
internal static class IndexCursor
{
    /// <param name="key">All values of the row's key.</param>
    /// <param name="equalCount">How many of them the query fixed.</param>
    /// <param name="id">The row's id.</param>
    public static string Of(IReadOnlyList<string> key, int equalCount, string id)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartArray();
            for (var i = equalCount; i < key.Count; i++)
            {
                writer.WriteStringValue(key[i]);
            }

            writer.WriteStringValue(id);
            writer.WriteEndArray();
        }

        return Base64Url.EncodeToString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <returns>The values after the equal ones and the id; null without a cursor.</returns>
    /// <exception cref="ArgumentException">Not a cursor, or one of another query.</exception>
    public static IReadOnlyList<string>? Parse(string? cursor, int fieldCount, int equalCount)
    {
        if (cursor is null)
        {
            return null;
        }

        try
        {
            using var array = JsonDocument.Parse(Base64Url.DecodeFromChars(cursor));
            string[] values = [.. array.RootElement.EnumerateArray().Select(v => v.GetString()!)];
            if (values.Length == fieldCount - equalCount + 1 && !values.Contains(null))
            {
                return values;
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new ArgumentException("the cursor is none that this store gave", nameof(cursor), e);
        }

        throw new ArgumentException("the cursor belongs to another query", nameof(cursor));
    }
}

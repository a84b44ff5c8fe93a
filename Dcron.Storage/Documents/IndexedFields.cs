using System.Text.Json;

namespace Dcron.Storage.Documents;

/// <summary>The text of one indexed field: a part of the body, or its unescaped copy; neither where the field is absent or no text.</summary>
internal readonly record struct FieldText(int Start, int Length, byte[]? Unescaped, bool IsText)
{
    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> body) => Unescaped ?? body.Slice(Start, Length);
}

/// <summary>Reads the indexed fields out of a body, and checks the body on the way, in one pass.</summary>
internal static class IndexedFields
{
    private const int MaxDepth = 256;

    /// <param name="body">The document.</param>
    /// <param name="names">Names of the fields in UTF-8.</param>
    /// <exception cref="ArgumentException">The body is no JSON object, or has a field of its own that begins with '_'.</exception>
    public static FieldText[] Read(ReadOnlySpan<byte> body, byte[][] names)
    {
        var values = names.Length == 0 ? [] : new FieldText[names.Length];
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new ArgumentException("the body of a document must be a JSON object");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueSpan.StartsWith("_"u8))
                {
                    throw new ArgumentException("the fields of a document must not begin with '_': such names belong to the stores");
                }

                var field = IndexOf(ref reader, names);
                reader.Read();
                if (field >= 0)
                {
                    values[field] = Text(ref reader); // of a field that comes twice, the last one counts, as for System.Text.Json
                }

                reader.Skip();
            }

            reader.Read(); // throws when something follows the object
            return values;
        }
        catch (JsonException e)
        {
            throw new ArgumentException("the body of a document must be a JSON object in UTF-8: " + e.Message, e);
        }
    }

    private static int IndexOf(ref Utf8JsonReader reader, byte[][] names)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (reader.ValueTextEquals(names[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static FieldText Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return default;
        }

        if (!reader.ValueIsEscaped)
        {
            return new FieldText((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length, null, true);
        }

        var buffer = new byte[reader.ValueSpan.Length];
        try
        {
            return new FieldText(0, 0, buffer.AsSpan(0, reader.CopyString(buffer)).ToArray(), true);
        }
        catch (InvalidOperationException e)
        {
            throw new ArgumentException("an indexed field holds an escape that is no character", e);
        }
    }
}

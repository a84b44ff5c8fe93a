using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Dcron.Api.Console.Editing;

/// <summary>How values that a single line can't hold, and sizes, stand in a form. What is written here is read back as it was.</summary>
internal static partial class FormText
{
    private static readonly (string Unit, long Bytes)[] Units = [("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10)];

    /// <summary>A value as a line: as it is, or like a string of JSON where it has line breaks or would be read as something else.</summary>
    /// <param name="value">The value.</param>
    /// <param name="taken">Beginnings that mean something else in this place.</param>
    public static string ToLine(string value, params ReadOnlySpan<string> taken)
    {
        var quote = value.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029') || ReadQuoted(value) is not null;
        foreach (var beginning in taken)
            quote |= value.StartsWith(beginning, StringComparison.Ordinal);
        return quote ? Quoted(value) : value;
    }

    /// <summary>The value like a string of JSON.</summary>
    public static string Quoted(string value) => JsonSerializer.Serialize(value, FormTextJson.Default.String);

    /// <summary>What a line says.</summary>
    public static string FromLine(string line) => ReadQuoted(line) ?? line;

    /// <summary>The text of a string of JSON; null for any other line, such as one with a quote that has no other end.</summary>
    public static string? ReadQuoted(string line)
    {
        if (line.Length < 2 || line[0] != '"' || line[^1] != '"')
            return null;
        try
        {
            return JsonSerializer.Deserialize(line, FormTextJson.Default.String);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Bytes in the largest unit that needs no fraction.</summary>
    public static string OfBytes(long bytes)
    {
        foreach (var (unit, size) in Units)
        {
            if (bytes >= size && bytes % size == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / size} {unit}");
        }

        return bytes.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Bytes of a text such as <c>512 MiB</c>, <c>1.5G</c> or <c>1048576</c>; null for any other.</summary>
    public static long? Bytes(string text)
    {
        if (Size().Match(text.Trim()) is not { Success: true } match)
            return null;
        var unit = match.Groups[2].Value.ToUpperInvariant();
        var size = unit.Length == 0 ? 1 : Units.First(known => known.Unit[0] == unit[0]).Bytes;
        var bytes = decimal.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * size;
        return bytes == Math.Floor(bytes) && bytes <= long.MaxValue ? (long)bytes : null;
    }

    // "MB" is left out: it means two things.
    [GeneratedRegex(@"\A([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*(?:([KMGT])(?:iB)?|B)?\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Size();
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class FormTextJson : System.Text.Json.Serialization.JsonSerializerContext;

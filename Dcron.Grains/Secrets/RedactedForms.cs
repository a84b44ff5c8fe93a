using System.Globalization;
using System.Text;

namespace Dcron.Grains.Secrets;

/// <summary>
/// The texts by which a secret is known in a script's output: the value, its longer lines each by itself, and, of values up to 1 KiB, the forms that
/// programs print by habit: base64 (also with something before and after it, as in <c>user:password</c>), hex, a URL's and JSON's escapes.
/// </summary>
internal static class RedactedForms
{
    private const int LongestInOtherForms = 1024;
    private const int ShortestLine = 8;
    private const int ShortestForm = 4;

    public static IReadOnlyCollection<byte[]> Of(IEnumerable<byte[]> values)
    {
        var forms = new HashSet<string>(StringComparer.Ordinal); // bytes as Latin-1, so that they can be compared
        foreach (var value in values)
        {
            // A file's last line break is often lost on the way into the output.
            var end = value.AsSpan().TrimEnd("\r\n"u8).Length;
            var core = value.AsSpan(0, end);
            Add(forms, core);
            AddLines(forms, core);
            if (core.Length is > 0 and <= LongestInOtherForms)
            {
                AddOtherForms(forms, core);
            }
        }

        return [.. forms.Where(form => form.Length >= ShortestForm).Select(Encoding.Latin1.GetBytes)];
    }

    private static void AddLines(HashSet<string> forms, ReadOnlySpan<byte> value)
    {
        if (!value.Contains((byte)'\n'))
        {
            return;
        }

        foreach (var range in value.Split((byte)'\n'))
        {
            var line = value[range].Trim(" \t\r"u8);
            if (line.Length >= ShortestLine)
            {
                Add(forms, line);
            }
        }
    }

    private static void AddOtherForms(HashSet<string> forms, ReadOnlySpan<byte> value)
    {
        var hex = Convert.ToHexStringLower(value);
        forms.Add(hex);
        forms.Add(hex.ToUpperInvariant());
        for (var before = 0; before < 3; before++)
        {
            var form = Base64Within(value, before);
            forms.Add(form);
            forms.Add(form.Replace('+', '-').Replace('/', '_'));
        }

        var text = Encoding.UTF8.GetString(value);
        forms.Add(Uri.EscapeDataString(text));
        forms.Add(Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal));
        Add(forms, Encoding.UTF8.GetBytes(JsonEscaped(text, asciiOnly: false)));
        forms.Add(JsonEscaped(text, asciiOnly: true));
    }

    /// <summary>The characters of base64 that depend on the value alone, when so many bytes (modulo 3) come before it.</summary>
    private static string Base64Within(ReadOnlySpan<byte> value, int before)
    {
        var padded = new byte[before + value.Length];
        value.CopyTo(padded.AsSpan(before));
        var all = Convert.ToBase64String(padded);
        var (first, end) = (((before * 8) + 5) / 6, padded.Length * 8 / 6);
        return all[first..end];
    }

    private static string JsonEscaped(string text, bool asciiOnly)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append(@"\\"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                < ' ' => Unicode(escaped, c),
                > '~' when asciiOnly => Unicode(escaped, c),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static StringBuilder Unicode(StringBuilder text, char c) => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");

    private static void Add(HashSet<string> forms, ReadOnlySpan<byte> bytes) => forms.Add(Encoding.Latin1.GetString(bytes));
}

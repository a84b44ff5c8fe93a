using System.Globalization;
using System.Text;

namespace Dcron.Cli.Output;

/// <summary>
/// Makes text that somebody else wrote (a job's name, a reason) harmless on a terminal: what would move the cursor, change colours, turn the
/// reading direction or hide itself is written out as an escape. Letters of every script stay as they are.
/// </summary>
internal static class SafeText
{
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    public static string Of(string? text)
    {
        if (string.IsNullOrEmpty(text) || !NeedsEscape(text))
            return text ?? "";

        var safe = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsHarmless(rune))
                safe.Append(rune.ToString());
            else
                safe.Append(Escape(rune));
        }

        return safe.ToString();
    }

    private static bool NeedsEscape(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsHarmless(rune))
                return true;
        }

        // An unpaired surrogate reads as U+FFFD above, which is harmless; encoding it would not be.
        return text.Any(char.IsSurrogate);
    }

    private static bool IsHarmless(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
        // Joiners shape emoji and several scripts; the other format characters turn text around or hide it.
        UnicodeCategory.Format => rune.Value is ZeroWidthJoiner or ZeroWidthNonJoiner,
        _ => true,
    };

    private static string Escape(Rune rune) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        <= 0xFF => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}"),
    };
}

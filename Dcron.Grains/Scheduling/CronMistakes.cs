using System.Globalization;

namespace Dcron.Grains.Scheduling;

/// <summary>What people write where cron has something else, and what they should write.</summary>
internal static class CronMistakes
{
    private static readonly string[] MonthWords =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

    private static readonly string[] DayWords = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// <param name="field">The field.</param>
    /// <param name="text">The value that can't be read.</param>
    /// <param name="whole">The field's text that it is part of.</param>
    public static CronFieldError BadValue(CronField field, string text, string whole)
    {
        var (reason, instead) = Value(field, text);
        return new CronFieldError($"is '{whole}': {reason}", text.All(char.IsAsciiLetterOrDigit) && text.Length > 0 ? Replace(whole, text, instead) : instead);
    }

    /// <param name="field">The field.</param>
    /// <param name="whole">The field's text that the step is part of.</param>
    /// <param name="step">What stands after the slash.</param>
    /// <param name="highest">The highest step allowed.</param>
    public static CronFieldError BadStep(CronField field, string whole, string step, int highest)
    {
        var before = whole[..whole.IndexOf('/', StringComparison.Ordinal)];
        if (step.Length > 0 && step.All(c => c == '0'))
        {
            return new CronFieldError($"is '{whole}': a step is at least 1; every {field.Name} is '*'", before is "*" or "?" or "H" ? "*" : before);
        }

        if (step.Length > 0 && step.All(char.IsAsciiDigit))
        {
            var hint = field == CronField.Minute ? "; once an hour is '0' here"
                : field == CronField.Second ? "; once a minute is '0' here"
                : field == CronField.Hour ? "; once a day is '0' here"
                : "";
            return new CronFieldError($"is '{whole}': a step here is 1 to {highest.ToString(CultureInfo.InvariantCulture)}{hint}", field.IsTimeOfDay ? "0" : "*");
        }

        return new CronFieldError(
            $"is '{whole}': after '/' comes a step, a number from 1 to {highest.ToString(CultureInfo.InvariantCulture)}", "*/" + (field.IsTimeOfDay ? "5" : "2"));
    }

    private static (string Reason, string Instead) Value(CronField field, string text)
    {
        var usual = field == CronField.DayOfWeek ? "MON" : field == CronField.DayOfMonth ? "1" : field == CronField.Month ? "JAN" : "0";
        if (text.Length == 0)
        {
            return ($"a value is missing; {Allowed(field)}", usual);
        }

        if (text.All(char.IsAsciiDigit))
        {
            return field == CronField.Hour && text == "24" ? ("an hour is 0 to 23, and midnight is 0", "0")
                : field == CronField.Minute && text == "60" ? ("a minute is 0 to 59, and the full hour is 0", "0")
                : field == CronField.Second && text == "60" ? ("a second is 0 to 59, and the full minute is 0", "0")
                : (Allowed(field), usual);
        }

        if (text.Any(char.IsWhiteSpace) || text.Any(c => c > '~'))
        {
            return ($"only letters, digits and * , - / # may stand here; {Allowed(field)}", usual);
        }

        var (words, name) = field == CronField.Month ? (MonthWords, "month") : (DayWords, "day");
        if (field.Names.Length > 0 && text.Length > 3 && text.All(char.IsAsciiLetter)
            && Array.Find(words, word => word.StartsWith(text, StringComparison.OrdinalIgnoreCase) || text.Equals(word + "s", StringComparison.OrdinalIgnoreCase)) is { } word)
        {
            var shortName = word[..3].ToUpperInvariant();
            return ($"a {name}'s name has three letters, '{shortName}'", shortName);
        }

        if (text.Contains('*') || text.Contains('?'))
        {
            return ("'*' stands alone or with a step such as '*/5'", "*");
        }

        if (text.Contains('-'))
        {
            return ($"a range has two ends, such as '1-5'; {Allowed(field)}", usual);
        }

        if (field != CronField.Month && field != CronField.DayOfWeek && text.All(char.IsAsciiLetter)
            && (IsName(CronField.DayOfWeek, text) || IsName(CronField.Month, text)))
        {
            var home = IsName(CronField.DayOfWeek, text) ? "day of week (the last)" : "month (the last but one)";
            return ($"names stand in the {home} field; {Allowed(field)}", usual);
        }

        return text.IndexOfAny(['L', 'l', 'W', 'w', '#']) >= 0 && !field.IsDay
            ? ($"'L', 'W' and '#' stand only in the day of month and day of week fields; {Allowed(field)}", usual)
            : text.StartsWith('W') || text.EndsWith('W') ? ($"'W' stands in the day of month field; {Allowed(field)}", usual)
            : (Allowed(field), usual);
    }

    private static string Allowed(CronField field) =>
        field == CronField.DayOfWeek ? "a day of week is SUN to SAT or 0 to 7, where 0 and 7 are Sunday"
        : field == CronField.Month ? "a month is 1 to 12 or JAN to DEC"
        : field == CronField.Hour ? "an hour is 0 to 23"
        : string.Create(CultureInfo.InvariantCulture, $"a {field.Name} is {field.First} to {field.Last}");

    private static bool IsName(CronField field, string text) =>
        field.Names.Any(name => name.Length > 0 && name.Equals(text, StringComparison.OrdinalIgnoreCase));

    private static string Replace(string whole, string text, string instead)
    {
        var at = whole.IndexOf(text, StringComparison.Ordinal);
        return whole[..at] + instead + whole[(at + text.Length)..];
    }
}

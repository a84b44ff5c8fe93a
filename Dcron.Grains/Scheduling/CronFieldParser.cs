using System.Globalization;

namespace Dcron.Grains.Scheduling;

/// <summary>Reads one field: Cronos' grammar, with an answer for every mistake.</summary>
internal static class CronFieldParser
{
    /// <returns>The value, or the error; never both.</returns>
    public static (CronFieldValue? Value, CronFieldError? Error) Parse(CronField field, string text, CronHash hash)
    {
        if (text[0] is '*' or '?')
        {
            return Star(field, text);
        }

        if (text[0] is 'H' or 'h')
        {
            return Hash(field, text, hash);
        }

        if (field == CronField.DayOfMonth && text.IndexOfAny(['L', 'l', 'W', 'w']) >= 0)
        {
            return SpecialDay(text);
        }

        return field == CronField.DayOfWeek && (text[^1] is 'L' or 'l' || text.Contains('#'))
            ? SpecialWeekday(field, text)
            : List(field, text);
    }

    private static (CronFieldValue?, CronFieldError?) Star(CronField field, string text)
    {
        if (text[0] == '?' && !field.IsDay)
        {
            return Error($"is '{text}': '?' stands only in the day of month and day of week fields; every {field.Name} is '*'", "*" + text[1..]);
        }

        if (text.Length == 1)
        {
            return (new CronFieldValue(new CronTerm.Values(field.AllBits), "*", field.IsTimeOfDay, false), null);
        }

        if (text.Contains(','))
        {
            var whole = string.Create(CultureInfo.InvariantCulture, $"{field.First}-{(field == CronField.DayOfWeek ? 6 : field.Last)}");
            return Error($"is '{text}': '{text[0]}' can't be part of a list; write the range out", whole + text[1..]);
        }

        if (text[1] != '/')
        {
            return Error($"is '{text}': after '{text[0]}' only a step such as '/5' may follow", text[0].ToString());
        }

        return Step(field, text, text[2..], field.Last) is { } error
            ? (null, error)
            : (new CronFieldValue(new CronTerm.Values(field.Range(field.First, field.Last, Number(text[2..]))), "*" + text[1..], field.IsTimeOfDay, false), null);
    }

    private static (CronFieldValue?, CronFieldError?) Hash(CronField field, string text, CronHash hash)
    {
        // Not beyond the 28th, so that it exists in every month; Sunday only once.
        var last = field == CronField.DayOfMonth ? 28 : field == CronField.DayOfWeek ? 6 : field.Last;
        if (text.Length == 1)
        {
            var value = field.First + hash.Choose(field, last - field.First + 1);
            return (new CronFieldValue(new CronTerm.Values(1UL << value), Text(value), false, true), null);
        }

        if (text[1] != '/')
        {
            return Error($"is '{text}': 'H' stands alone or with a step such as 'H/15', not with a range or in a list", "H");
        }

        if (Step(field, text, text[2..], field == CronField.DayOfWeek ? 7 : last) is { } error)
        {
            return (null, error);
        }

        var step = Number(text[2..]);
        var first = field.First + hash.Choose(field, Math.Min(step, last - field.First + 1));
        return (new CronFieldValue(
            new CronTerm.Values(field.Range(first, last, step)), $"{Text(first)}-{Text(last)}/{Text(step)}", field.IsTimeOfDay, true), null);
    }

    private static (CronFieldValue?, CronFieldError?) SpecialDay(string text)
    {
        var upper = text.ToUpperInvariant();
        if (upper.Contains(','))
        {
            return Error($"is '{text}': 'L' and 'W' can't be part of a list; make one job for each", upper.Split(',')[0]);
        }

        var weekday = upper.EndsWith('W');
        var day = weekday ? upper[..^1] : upper;
        if (day == "L")
        {
            return Special(new CronTerm.LastDay(0, weekday), upper);
        }

        if (day.StartsWith("L-", StringComparison.Ordinal))
        {
            return IsNumber(day[2..], 0, 30)
                ? Special(new CronTerm.LastDay(Number(day[2..]), weekday), upper)
                : Error($"is '{text}': 'L-' needs the number of days before the last one, 0 to 30", "L-3");
        }

        return weekday && IsNumber(day, 1, 31)
            ? Special(new CronTerm.NearestWeekday(Number(day)), upper)
            : Error($"is '{text}': the special days are 'L' (the last), 'L-3' (three days before it), 'LW' (the last weekday) and '15W' (the weekday nearest to the 15th)",
                upper is "WL" or "W" ? "LW" : "L");
    }

    private static (CronFieldValue?, CronFieldError?) SpecialWeekday(CronField field, string text)
    {
        if (text.Contains(','))
        {
            return Error($"is '{text}': 'L' and '#' can't be part of a list; make one job for each", text.Split(',')[0]);
        }

        if (text is "L" or "l")
        {
            return Error("is 'L': say which day's last one, such as 'FRIL' for the last Friday of the month; every Saturday is 'SAT'", "FRIL");
        }

        var hash = text.IndexOf('#', StringComparison.Ordinal);
        var (day, error) = Value(field, hash < 0 ? text[..^1] : text[..hash], text);
        if (error is not null)
        {
            return (null, error);
        }

        if (hash < 0)
        {
            return Special(new CronTerm.LastWeekday(day % 7), $"{day % 7}L");
        }

        var nth = text[(hash + 1)..];
        return IsNumber(nth, 1, 5)
            ? Special(new CronTerm.NthWeekday(day % 7, Number(nth)), $"{day % 7}#{nth}")
            : Error($"is '{text}': after '#' comes which of the month, 1 to 5; the last is '{text[..hash]}L'", text[..hash] + "#1");
    }

    private static (CronFieldValue?, CronFieldError?) List(CronField field, string text)
    {
        var (bits, texts, interval) = (0UL, new List<string>(), false);
        foreach (var item in text.Split(','))
        {
            if (item.Length == 0)
            {
                return Error($"is '{text}': a list has values between its commas and no spaces, such as '1,2,3'", Text(field.First));
            }

            var slash = item.IndexOf('/', StringComparison.Ordinal);
            var range = slash < 0 ? item : item[..slash];
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var (low, lowError) = Value(field, dash < 0 ? range : range[..dash], text);
            var (high, highError) = dash < 0 ? (slash < 0 ? low : field.Last, null) : Value(field, range[(dash + 1)..], text);
            if ((lowError ?? highError ?? (slash < 0 ? null : Step(field, text, item[(slash + 1)..], field.Last))) is { } error)
            {
                return (null, error);
            }

            if (field == CronField.DayOfWeek && low == 7 && dash >= 0)
            {
                low = 0; // Cronos loses the Sunday of '7-2/2'
            }

            var step = slash < 0 ? 1 : Number(item[(slash + 1)..]);
            bits |= field.Range(low, high, step);
            interval |= dash >= 0 || slash >= 0;
            texts.Add(Text(low) + (dash < 0 ? "" : $"-{Text(high)}") + (slash < 0 ? "" : $"/{Text(step)}"));
        }

        return (new CronFieldValue(new CronTerm.Values(bits), string.Join(',', texts), interval && field.IsTimeOfDay, false), null);
    }

    private static (int Value, CronFieldError? Error) Value(CronField field, string text, string whole)
    {
        if (IsNumber(text, field.First, field.Last))
        {
            return (Number(text), null);
        }

        var named = Array.FindIndex(field.Names, name => name.Length > 0 && name.Equals(text, StringComparison.OrdinalIgnoreCase));
        return named >= 0 ? (named, null) : (0, CronMistakes.BadValue(field, text, whole));
    }

    private static CronFieldError? Step(CronField field, string whole, string step, int highest) =>
        IsNumber(step, 1, highest) ? null : CronMistakes.BadStep(field, whole, step, highest);

    private static (CronFieldValue?, CronFieldError?) Special(CronTerm term, string text) => (new CronFieldValue(term, text, false, false), null);

    private static (CronFieldValue?, CronFieldError?) Error(string reason, string instead) => (null, new CronFieldError(reason, instead));

    private static bool IsNumber(string text, int first, int last) =>
        text.Length is 1 or 2 && text.All(char.IsAsciiDigit) && Number(text) is var number && number >= first && number <= last;

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}

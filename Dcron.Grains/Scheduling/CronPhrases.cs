using System.Globalization;
using System.Text.RegularExpressions;

namespace Dcron.Grains.Scheduling;

/// <summary>Answers to whole texts that are no cron expression but mean something: words, systemd calendars, Go's <c>@every</c>.</summary>
internal static partial class CronPhrases
{
    /// <summary>An example where nothing nearer can be offered.</summary>
    public const string Usual = "30 2 * * *";

    /// <summary>What is wrong with a text as a whole; null when it can be split into fields.</summary>
    public static CronError? Check(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Whole("the expression is empty; it has 5 fields (minute hour day-of-month month day-of-week), or 6 with seconds first", Usual);
        }

        if (text.Length > CronSchedule.MaxLength)
        {
            return Whole(string.Create(CultureInfo.InvariantCulture, $"the expression has {text.Length} characters; {CronSchedule.MaxLength} are allowed"), Usual);
        }

        if (text.IndexOfAny(['\n', '\r']) >= 0)
        {
            return Whole("the expression has more than one line; one job has one expression, on one line", Usual);
        }

        if (text.Any(c => char.IsControl(c) && c != '\t'))
        {
            return Whole("the expression contains a control character", Usual);
        }

        var trimmed = text.Trim(' ', '\t');
        if (trimmed.StartsWith('@'))
        {
            return Macro(trimmed);
        }

        return Spoken(trimmed)
            ?? (Calendar().IsMatch(trimmed)
                ? Whole("this looks like a systemd calendar; a cron expression has 5 fields (minute hour day-of-month month day-of-week)", FromClock(trimmed) ?? Usual)
                : null);
    }

    /// <summary>What is wrong with the number of fields; null when it is 5 or 6.</summary>
    public static CronError? CheckCount(string[] fields, string text)
    {
        if (fields.Length is 5 or 6)
        {
            return fields.Any(field => field.StartsWith(',') || field.EndsWith(',')) ? Whole("a list has no spaces around its commas", "0 9,17 * * *") : null;
        }

        if (text.Contains(", ", StringComparison.Ordinal) || text.Contains(" ,", StringComparison.Ordinal))
        {
            return Whole("a list has no spaces around its commas", "0 9,17 * * *");
        }

        return fields.Length switch
        {
            7 => Whole("the expression has 7 fields; a year as in Quartz is not supported: leave it out and use starts_at and ends_at", Valid(string.Join(' ', fields[..6]))),
            > 7 => Whole(Count(fields.Length) + "; there are 5 (minute hour day-of-month month day-of-week), or 6 with seconds first", Usual),
            _ => Whole(Count(fields.Length) + "; there must be 5 (minute hour day-of-month month day-of-week), or 6 with seconds first",
                Valid(string.Join(' ', fields.Concat(Enumerable.Repeat("*", 5 - fields.Length))))),
        };
    }

    private static CronError? Macro(string text)
    {
        if (CronMacros.Expand(text) is not null)
        {
            return null;
        }

        if (text.StartsWith("@every ", StringComparison.OrdinalIgnoreCase))
        {
            return Whole("'@every' with a duration is not supported; write the expression", FromDuration(text["@every ".Length..]) ?? "*/5 * * * *");
        }

        return text.Equals("@reboot", StringComparison.OrdinalIgnoreCase)
            ? Whole("'@reboot' is not supported, since jobs belong to no machine", "@daily")
            : Whole($"'{text}' is no macro; there are {string.Join(' ', CronMacros.Names)}", "@daily");
    }

    private static CronError? Spoken(string text)
    {
        if (!char.IsAsciiLetter(text[0]) && !Duration().IsMatch(text))
        {
            return null;
        }

        var words = text.ToLowerInvariant();
        if (CronMacros.Expand("@" + words) is not null)
        {
            return Whole($"a macro begins with '@'", "@" + words);
        }

        if (FromDuration(words) is { } expression)
        {
            return Whole($"'{text}' is not a cron expression", expression);
        }

        return words.StartsWith("every", StringComparison.Ordinal) || words.StartsWith("at ", StringComparison.Ordinal) || words.StartsWith("on ", StringComparison.Ordinal)
            ? Whole($"'{text}' is not a cron expression; it has 5 fields (minute hour day-of-month month day-of-week)", FromClock(words) ?? FromWord(words) ?? Usual)
            : null;
    }

    private static string? FromWord(string words) => words.TrimEnd('s') switch
    {
        "every day" => "0 0 * * *",
        "every week" => "0 0 * * MON",
        "every month" => "0 0 1 * *",
        "every year" => "0 0 1 1 *",
        "every night" => "0 2 * * *",
        "every weekday" => "0 9 * * MON-FRI",
        _ => null,
    };

    /// <summary>'every 5 minutes', '5m', '1h' … as an expression, where there is an exact one.</summary>
    private static string? FromDuration(string words)
    {
        var match = Duration().Match(words);
        if (!match.Success || !(match.Groups["n"].Value is { Length: > 0 } digits ? int.TryParse(digits, CultureInfo.InvariantCulture, out var n) : (n = 1) == 1) || n < 1)
        {
            return null;
        }

        string Step(int number) => number == 1 ? "*" : string.Create(CultureInfo.InvariantCulture, $"*/{number}");
        return match.Groups["unit"].Value[0] switch
        {
            's' when n < 60 && 60 % n == 0 => $"{Step(n)} * * * * *",
            'm' when n < 60 && 60 % n == 0 => $"{Step(n)} * * * *",
            'm' when n % 60 == 0 && n / 60 < 24 && 24 % (n / 60) == 0 => $"0 {Step(n / 60)} * * *",
            'h' when n < 24 && 24 % n == 0 => $"0 {Step(n)} * * *",
            'h' when n == 24 => "0 0 * * *",
            'd' when n == 1 => "0 0 * * *",
            _ => null,
        };
    }

    private static string? FromClock(string text)
    {
        var match = Clock().Match(text);
        return match.Success
            && int.TryParse(match.Groups["h"].Value, CultureInfo.InvariantCulture, out var hour) && hour < 24
            && int.TryParse(match.Groups["m"].Value, CultureInfo.InvariantCulture, out var minute) && minute < 60
            ? string.Create(CultureInfo.InvariantCulture, $"{minute} {hour} * * *")
            : null;
    }

    private static string Valid(string example) => CronSchedule.IsValid(example) ? example : Usual;

    private static string Count(int count) =>
        string.Create(CultureInfo.InvariantCulture, $"the expression has {count} {(count == 1 ? "field" : "fields")}");

    private static CronError Whole(string reason, string example) => new(null, null, reason, example);

    [GeneratedRegex(@"^(?:every\s+)?(?<n>\d{1,4})?\s*(?<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Duration();

    [GeneratedRegex(@"(?<h>\d{1,2}):(?<m>\d{2})", RegexOptions.CultureInvariant)]
    private static partial Regex Clock();

    [GeneratedRegex(@"\*-\*|\d:\d|\*:", RegexOptions.CultureInvariant)]
    private static partial Regex Calendar();
}

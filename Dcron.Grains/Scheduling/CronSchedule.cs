using System.Diagnostics.CodeAnalysis;
using Cronos;

namespace Dcron.Grains.Scheduling;

/// <summary>
/// A parsed cron expression, free of any zone: 5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or a macro.
/// </summary>
/// <remarks>
/// Lists, ranges (also over the end, such as <c>22-2</c>), steps, names of months and days, <c>L</c>, <c>W</c>, <c>#</c>, <c>?</c> for a day that
/// does not matter, and <c>H</c> for a value that is chosen by the job's id. Where both days are restricted, both must match
/// (<c>0 0 13 * FRI</c> is Friday the 13th), unlike in Vixie cron. Immutable and safe for use by many threads.
/// </remarks>
public sealed class CronSchedule
{
    /// <summary>Longest expression in characters.</summary>
    public const int MaxLength = 200;

    private const int HashRounds = 100;
    private readonly CronExpression _expression;

    private CronSchedule(string text, CronExpression expression, IReadOnlyList<CronFieldValue> fields)
    {
        (Text, _expression) = (text, expression);
        (Second, Minute, Hour) = (Bits(fields[0]), Bits(fields[1]), Bits(fields[2]));
        (DayOfMonth, Month, DayOfWeek) = (fields[3].Term, Bits(fields[4]), fields[5].Term);
        IsInterval = fields.Any(field => field.IsInterval);
        UsesHash = fields.Any(field => field.IsHashed);
    }

    /// <summary>The expression as it was given, without spaces around it.</summary>
    public string Text { get; }

    /// <summary>True when the expression has an <c>H</c>, so that its fire times depend on the job.</summary>
    public bool UsesHash { get; }

    /// <summary>
    /// True when a time field is a <c>*</c>, a range or a step: such a schedule goes on through an hour that is repeated, others fire once.
    /// </summary>
    public bool IsInterval { get; }

    internal ulong Second { get; }

    internal ulong Minute { get; }

    internal ulong Hour { get; }

    internal CronTerm DayOfMonth { get; }

    internal ulong Month { get; }

    internal CronTerm DayOfWeek { get; }

    /// <param name="text">The expression.</param>
    /// <param name="seed">The job's id: the same seed always gives <c>H</c> the same values.</param>
    /// <param name="schedule">The parsed expression.</param>
    /// <param name="error">The first thing that is wrong. An expression that never fires is refused, too.</param>
    public static bool TryParse(string? text, string seed, [NotNullWhen(true)] out CronSchedule? schedule, [NotNullWhen(false)] out CronError? error)
    {
        schedule = null;
        error = CronPhrases.Check(text);
        if (error is not null)
        {
            return false;
        }

        var trimmed = text!.Trim(' ', '\t');
        var fields = Fields(trimmed);
        error = CronPhrases.CheckCount(fields, trimmed);
        if (error is null)
        {
            (schedule, error) = ParseFiring(trimmed, fields, seed);
        }

        return error is null && schedule is not null;
    }

    /// <summary>Whether an expression can be offered as an example.</summary>
    internal static bool IsValid(string text)
    {
        var fields = Fields(text);
        return fields.Length is 5 or 6 && fields.Select((field, i) => Value(fields, i, default).Value).All(value => value is not null) && ParseFiring(text, fields, "").Schedule is not null;
    }

    /// <summary>The next local time that matches, zones aside; null when there is none before the year 10000.</summary>
    internal DateTime? NextLocal(DateTime local, bool inclusive) =>
        _expression.GetNextOccurrence(DateTime.SpecifyKind(local, DateTimeKind.Utc), inclusive);

    private static string[] Fields(string text) => (CronMacros.Expand(text) ?? text).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static (CronSchedule? Schedule, CronError? Error) ParseFiring(string text, string[] fields, string seed)
    {
        // Where H chose a date that does not exist (0 0 31 H *), its next choice is tried; times of the day make no difference.
        var rounds = fields[^3..].Any(field => field[0] is 'H' or 'h') ? HashRounds : 1;
        for (var round = 0; round < rounds; round++)
        {
            var (schedule, error) = Parse(text, fields, new CronHash(seed, round));
            if (error is not null || schedule!.EverFires())
            {
                return (schedule, error);
            }
        }

        return (null, NeverFires(fields));
    }

    private static (CronSchedule? Schedule, CronError? Error) Parse(string text, string[] fields, CronHash hash)
    {
        var values = new List<CronFieldValue>(6);
        if (fields.Length == 5)
        {
            values.Add(new CronFieldValue(new CronTerm.Values(1), "0", false, false));
        }

        for (var i = 0; i < fields.Length; i++)
        {
            var (value, error) = Value(fields, i, hash);
            if (value is null)
            {
                return (null, new CronError(i + 1, CronField.All[i + 6 - fields.Length].Name, error!.Reason, Example(fields, i, error.Instead)));
            }

            values.Add(value);
        }

        var expression = CronExpression.Parse(string.Join(' ', values.Select(value => value.Text)), CronFormat.IncludeSeconds);
        return (new CronSchedule(text, expression, values), null);
    }

    private static (CronFieldValue? Value, CronFieldError? Error) Value(string[] fields, int i, CronHash hash) =>
        CronFieldParser.Parse(CronField.All[i + 6 - fields.Length], fields[i], hash);

    /// <summary>The user's own expression with the wrong field put right, where nothing else is wrong with it.</summary>
    private static string Example(string[] fields, int wrong, string instead)
    {
        var right = fields.ToArray();
        right[wrong] = instead;
        return string.Join(' ', right) is var text && IsValid(text) ? text : CronPhrases.Usual;
    }

    /// <summary>The calendar repeats itself every 400 years, and these are the last ones that Cronos looks through.</summary>
    private bool EverFires() => NextLocal(new DateTime(9599, 1, 1), inclusive: true) is not null;

    private static CronError NeverFires(string[] fields)
    {
        var (day, month, weekday) = (fields[^3], fields[^2], fields[^1]);
        return weekday is "*" or "?"
            ? new CronError(null, null, $"the expression never fires: day {day} does not exist in month {month}; the last day of a month is 'L'", string.Join(' ', [.. fields[..^3], "L", month, weekday]))
            : new CronError(null, null, $"the expression never fires: no day {day} in month {month} can be '{weekday}' (day of month and day of week must both match)",
                string.Join(' ', [.. fields[..^3], "*", month, weekday]));
    }

    private static ulong Bits(CronFieldValue field) => ((CronTerm.Values)field.Term).Bits;
}

using System.Diagnostics;
using static Dcron.Grains.Scheduling.Wording;

namespace Dcron.Grains.Scheduling;

/// <summary>The days of a schedule in words.</summary>
internal static class CronDateWords
{
    private const string OfTheMonth = " of the month";
    private const ulong Weekdays = 0b0111110;
    private const ulong Weekend = 0b1000001;

    private static readonly string[] DayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    private static readonly string[] MonthNames =
        ["", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

    private static readonly string[] Nth = ["", "first", "second", "third", "fourth", "fifth"];

    /// <summary>Continues the words of the time; empty where every day is meant.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="isClock">Whether the words before are times of the clock only.</param>
    public static string Say(CronSchedule schedule, bool isClock)
    {
        var months = CronPattern.Of(schedule.Month, CronField.Month.AllBits, wraps: true);
        var (anyDay, anyWeekday) = (IsAny(schedule.DayOfMonth, CronField.DayOfMonth), IsAny(schedule.DayOfWeek, CronField.DayOfWeek));
        if (anyDay && anyWeekday)
        {
            return (isClock ? " every day" : "") + (months is CronPattern.Every ? "" : $" {Months(months)}");
        }

        if (anyWeekday && months is CronPattern.Single { Value: var only } && Pattern(schedule.DayOfMonth) is CronPattern.Single { Value: var date })
        {
            return $" on {Number(date)} {MonthNames[only]}";
        }

        var days = anyWeekday ? Days(schedule.DayOfMonth)
            : anyDay ? Weekday(schedule.DayOfWeek)
            : Days(schedule.DayOfMonth, schedule.DayOfWeek);
        return months switch
        {
            CronPattern.Every => days,
            CronPattern.Single month when days.Contains(OfTheMonth, StringComparison.Ordinal) =>
                days.Replace(OfTheMonth, $" of {MonthNames[month.Value]}", StringComparison.Ordinal),
            _ => $"{days}, {Months(months)}",
        };
    }

    private static string Days(CronTerm day) => day switch
    {
        CronTerm.LastDay { DaysBefore: 0, OrWeekdayNearby: false } => " on the last day" + OfTheMonth,
        CronTerm.LastDay { DaysBefore: 0 } => " on the last weekday" + OfTheMonth,
        CronTerm.LastDay { OrWeekdayNearby: false } last => $" {Before(last)} the last day{OfTheMonth}",
        CronTerm.LastDay last => $" on the weekday nearest to {Before(last)} the last day{OfTheMonth}",
        CronTerm.NearestWeekday nearest => $" on the weekday nearest to the {Ordinal(nearest.Day)}{OfTheMonth}",
        _ => Pattern(day) switch
        {
            CronPattern.Run run => $" from the {Ordinal(run.Low)} to the {Ordinal(run.High)}{OfTheMonth}",
            CronPattern.Stepped stepped => $" on every {Ordinal(stepped.Step)} day from the {Ordinal(stepped.First)} to the {Ordinal(stepped.Last)}{OfTheMonth}",
            { } pattern => $" on the {Join(pattern.Stretches().Select(Dates))}{OfTheMonth}",
            null => throw new UnreachableException($"{day}"),
        },
    };

    private static string Weekday(CronTerm weekday) => weekday switch
    {
        CronTerm.Values { Bits: Weekdays } => " on weekdays",
        CronTerm.Values { Bits: Weekend } => " on weekends",
        CronTerm.Values => WeekdayPattern(weekday) switch
        {
            CronPattern.Run run => $", {DayNames[run.Low]} to {DayNames[run.High]}",
            { } pattern => " on " + Join(pattern.Values.Select(day => DayNames[day] + "s")),
        },
        _ => " on " + OneWeekday(weekday),
    };

    private static string Days(CronTerm day, CronTerm weekday)
    {
        var single = Pattern(day) is null or CronPattern.Single;
        if (Pattern(day) is CronPattern.Single { Value: var date } && weekday is CronTerm.Values && WeekdayPattern(weekday) is CronPattern.Single { Value: var name })
        {
            return $" on {DayNames[name]} the {Ordinal(date)}";
        }

        return Days(day) + weekday switch
        {
            CronTerm.Values { Bits: Weekdays } => single ? ", if it is a weekday" : ", only on weekdays",
            CronTerm.Values when single => ", if it is a " + Join(WeekdayPattern(weekday).Values.Select(value => DayNames[value]), "or"),
            CronTerm.Values => ", only" + Weekday(weekday).TrimStart(','),
            _ => (single ? ", if it is " : ", only on ") + OneWeekday(weekday),
        };
    }

    private static string OneWeekday(CronTerm weekday) => weekday switch
    {
        CronTerm.LastWeekday last => $"the last {DayNames[last.DayOfWeek]}{OfTheMonth}",
        CronTerm.NthWeekday nth => $"the {Nth[nth.Nth]} {DayNames[nth.DayOfWeek]}{OfTheMonth}",
        _ => throw new UnreachableException($"{weekday}"),
    };

    private static string Months(CronPattern months) => months is CronPattern.Run run
        ? $"from {MonthNames[run.Low]} to {MonthNames[run.High]}"
        : "in " + Join(months.Values.Select(month => MonthNames[month]));

    private static string Before(CronTerm.LastDay day) => day.DaysBefore == 1 ? "1 day before" : $"{Number(day.DaysBefore)} days before";

    private static string Dates((int Low, int High) dates) => dates.Low == dates.High ? Ordinal(dates.Low) : $"{Ordinal(dates.Low)} to {Ordinal(dates.High)}";

    private static bool IsAny(CronTerm term, CronField field) => term is CronTerm.Values values && values.Bits == field.AllBits;

    private static CronPattern? Pattern(CronTerm day) =>
        day is CronTerm.Values values ? CronPattern.Of(values.Bits, CronField.DayOfMonth.AllBits, wraps: false) : null;

    private static CronPattern WeekdayPattern(CronTerm weekday) =>
        CronPattern.Of(((CronTerm.Values)weekday).Bits, CronField.DayOfWeek.AllBits, wraps: true);
}

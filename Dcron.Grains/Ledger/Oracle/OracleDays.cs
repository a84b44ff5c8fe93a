using System.Globalization;

namespace Dcron.Grains.Ledger.Oracle;

/// <summary>Which days of a month a day of month field asks for, as bits.</summary>
internal abstract record OracleDays
{
    private OracleDays()
    {
    }

    public abstract bool Has(DateOnly day);

    public static OracleDays OfMonth(string text, Func<string, int, int> choose)
    {
        var upper = text.ToUpperInvariant();
        var nearby = upper.EndsWith('W');
        var day = nearby ? upper[..^1] : upper;
        return day switch
        {
            "L" => new FromEnd(0, nearby),
            ['L', '-', .. var before] => new FromEnd(Number(before), nearby),
            _ when nearby => new Nearby(Number(day)),
            _ => new Among([.. OracleField.Read(upper, "day of month", 1, 31, choose).Values]),
        };
    }

    public static OracleDays OfWeek(string text, Func<string, int, int> choose)
    {
        var upper = text.ToUpperInvariant();
        return upper.Split('#') is [var day, var nth] ? new Nth(OracleField.DayOfWeek(day), Number(nth))
            : upper.Length > 1 && upper[^1] == 'L' ? new Last(OracleField.DayOfWeek(upper[..^1]))
            : new AmongWeekdays([.. OracleField.Read(upper, "day of week", 0, 6, choose).Values]);
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static int LengthOf(DateOnly day) => DateTime.DaysInMonth(day.Year, day.Month);

    // The weekday nearest to a day, without leaving its month.
    private static int Weekday(DateOnly month, int day) => new DateOnly(month.Year, month.Month, day).DayOfWeek switch
    {
        System.DayOfWeek.Saturday => day == 1 ? 3 : day - 1,
        System.DayOfWeek.Sunday => day == LengthOf(month) ? day - 2 : day + 1,
        _ => day,
    };

    private sealed record Among(HashSet<int> Days) : OracleDays
    {
        public override bool Has(DateOnly day) => Days.Contains(day.Day);
    }

    private sealed record AmongWeekdays(HashSet<int> Days) : OracleDays
    {
        public override bool Has(DateOnly day) => Days.Contains((int)day.DayOfWeek);
    }

    private sealed record FromEnd(int Before, bool OnWeekday) : OracleDays
    {
        public override bool Has(DateOnly day) =>
            LengthOf(day) - Before is var wanted and >= 1 && day.Day == (OnWeekday ? Weekday(day, wanted) : wanted);
    }

    private sealed record Nearby(int Day) : OracleDays
    {
        public override bool Has(DateOnly day) => Day <= LengthOf(day) && day.Day == Weekday(day, Day);
    }

    private sealed record Nth(int OnDay, int Which) : OracleDays
    {
        public override bool Has(DateOnly day) => (int)day.DayOfWeek == OnDay && ((day.Day - 1) / 7) + 1 == Which;
    }

    private sealed record Last(int OnDay) : OracleDays
    {
        public override bool Has(DateOnly day) => (int)day.DayOfWeek == OnDay && day.Day + 7 > LengthOf(day);
    }
}

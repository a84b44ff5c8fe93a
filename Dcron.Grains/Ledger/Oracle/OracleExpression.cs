using System.Collections.Frozen;

namespace Dcron.Grains.Ledger.Oracle;

/// <summary>A cron expression, read by the ledger itself: neither Cronos nor the planner's own reading has a part in it.</summary>
internal sealed class OracleExpression
{
    // No round further than this is looked for; where an H chose a date that does not exist (0 0 31 H *), the next one is taken.
    private const int Rounds = 100;

    // The calendar repeats itself after so many years; within them lies every combination of date and weekday.
    private const int Calendar = 400;

    private static readonly FrozenDictionary<string, string> Macros = new Dictionary<string, string>
    {
        ["@yearly"] = "0 0 0 1 1 *",
        ["@annually"] = "0 0 0 1 1 *",
        ["@monthly"] = "0 0 0 1 * *",
        ["@weekly"] = "0 0 0 * * 0",
        ["@daily"] = "0 0 0 * * *",
        ["@midnight"] = "0 0 0 * * *",
        ["@hourly"] = "0 0 * * * *",
        ["@every_minute"] = "0 * * * * *",
        ["@every_second"] = "* * * * * *",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly OracleDays _ofMonth;
    private readonly OracleDays _ofWeek;
    private readonly bool[] _months = new bool[13];

    private OracleExpression(string[] fields, string seed, int round)
    {
        int Choose(string field, int count) => OracleChoice.Of(seed, field, round, count);
        var (seconds, minutes, hours) = (
            OracleField.Read(fields[0], "second", 0, 59, Choose), OracleField.Read(fields[1], "minute", 0, 59, Choose), OracleField.Read(fields[2], "hour", 0, 23, Choose));
        TimesOfDay = new TimesOfDay(hours.Values, minutes.Values, seconds.Values);
        IsInterval = seconds.IsInterval || minutes.IsInterval || hours.IsInterval;
        _ofMonth = OracleDays.OfMonth(fields[3], Choose);
        _ofWeek = OracleDays.OfWeek(fields[5], Choose);
        foreach (var month in OracleField.Read(fields[4], "month", 1, 12, Choose).Values)
        {
            _months[month] = true;
        }
    }

    public TimesOfDay TimesOfDay { get; }

    /// <summary>True where a time field is a <c>*</c>, a range or a step.</summary>
    public bool IsInterval { get; }

    /// <param name="text">An expression that was accepted once.</param>
    /// <param name="seed">The job's id, which <c>H</c> depends on.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static OracleExpression Read(string text, string seed)
    {
        var trimmed = text.Trim(' ', '\t');
        var fields = (Macros.GetValueOrDefault(trimmed) ?? trimmed).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        fields = fields.Length == 5 ? ["0", .. fields] : fields;
        if (fields.Length != 6)
        {
            throw new FormatException($"'{text}' is not a cron expression");
        }

        var chosen = fields[3..].Any(field => field[0] is 'H' or 'h');
        var expression = new OracleExpression(fields, seed, 0);
        for (var round = 1; chosen && round < Rounds && !expression.EverFires(); round++)
        {
            expression = new OracleExpression(fields, seed, round);
        }

        return expression;
    }

    public bool HasDay(DateOnly day) => _months[day.Month] && _ofMonth.Has(day) && _ofWeek.Has(day);

    private bool EverFires()
    {
        var end = new DateOnly(2000 + Calendar, 1, 1);
        for (var day = new DateOnly(2000, 1, 1); day < end; day = day.AddDays(1))
        {
            if (HasDay(day))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The times of a day, in order.</summary>
internal sealed record TimesOfDay(IReadOnlyList<int> Hours, IReadOnlyList<int> Minutes, IReadOnlyList<int> Seconds)
{
    /// <summary>Those from one time on, in seconds of the day; what lies before costs nothing.</summary>
    public IEnumerable<int> From(int first)
    {
        foreach (var hour in Hours)
        {
            if ((hour + 1) * 3600 <= first)
            {
                continue;
            }

            foreach (var minute in Minutes)
            {
                var start = (hour * 3600) + (minute * 60);
                if (start + 60 <= first)
                {
                    continue;
                }

                foreach (var second in Seconds)
                {
                    if (start + second >= first)
                    {
                        yield return start + second;
                    }
                }
            }
        }
    }
}

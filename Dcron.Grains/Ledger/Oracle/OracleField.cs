using System.Globalization;
using System.Text;

namespace Dcron.Grains.Ledger.Oracle;

/// <summary>One field of a cron expression as a set of values. Reads what was accepted once; judges nothing.</summary>
/// <param name="Values">Ascending.</param>
/// <param name="IsInterval">Written with <c>*</c>, a range or a step.</param>
internal sealed record OracleField(IReadOnlyList<int> Values, bool IsInterval)
{
    private static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    /// <param name="text">The field.</param>
    /// <param name="name">Its name, as the choice of <c>H</c> has it.</param>
    /// <param name="first">Its lowest value.</param>
    /// <param name="last">Its highest; for days of the week 6, Sunday being 0.</param>
    /// <param name="choose">The job's choice for <c>H</c>: a number below the given one.</param>
    public static OracleField Read(string text, string name, int first, int last, Func<string, int, int> choose)
    {
        var values = new SortedSet<int>();
        var isInterval = false;
        foreach (var item in text.ToUpperInvariant().Split(','))
        {
            var (range, step) = Split(item);
            isInterval |= step > 0 || range.Contains('-') || range is "*";
            var (low, high) = range is "H" ? Hashed(name, first, last, step, choose) : Ends(range, name, first, last, step);
            var size = last - first + 1;
            for (var value = low; value <= (high < low ? high + size : high); value += Math.Max(step, 1))
            {
                values.Add(first + ((value - first) % size));
            }
        }

        return new OracleField([.. values], isInterval);
    }

    /// <summary>The value of a day of the week, Sunday being 0.</summary>
    public static int DayOfWeek(string text) => Number(text.ToUpperInvariant(), "day of week") % 7;

    private static (string Range, int Step) Split(string item) =>
        item.Split('/') is [var range, var step] ? (range, int.Parse(step, CultureInfo.InvariantCulture)) : (item, 0);

    // An H keeps to the 28th, so that it exists in every month.
    private static (int, int) Hashed(string name, int first, int last, int step, Func<string, int, int> choose)
    {
        var end = name == "day of month" ? 28 : last;
        var count = end - first + 1;
        var low = first + choose(name, step == 0 ? count : Math.Min(step, count));
        return (low, step == 0 ? low : end);
    }

    private static (int, int) Ends(string range, string name, int first, int last, int step)
    {
        if (range is "*" or "?")
        {
            return (first, last);
        }

        if (range.Split('-') is [var from, var to])
        {
            // Sunday has two numbers: as the beginning of a range it is 0, as the end of one it is the day after Saturday.
            var (low, high) = (Number(from, name), Number(to, name));
            return name == "day of week" && low == 7 ? (0, high) : (low, high);
        }

        // Up to the end: for a day of the week that is the Sunday after Saturday.
        var value = Number(range, name);
        return (value, step > 0 ? name == "day of week" ? 7 : last : value);
    }

    private static int Number(string text, string name) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : name == "month" ? Array.IndexOf(Months, text) + 1
        : Array.IndexOf(Days, text) is var day and >= 0 ? day
        : throw new FormatException($"'{text}' is no value of the field {name}");
}

/// <summary>What <c>H</c> stands for: FNV-1a of the job's id, the field's name and the round, well mixed. Written down here a second time on purpose.</summary>
internal static class OracleChoice
{
    public static int Of(string seed, string field, int round, int count)
    {
        var hash = 0xcbf29ce484222325UL;
        foreach (var value in Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seed}\n{field}\n{round}")))
        {
            hash = unchecked((hash ^ value) * 0x100000001b3UL);
        }

        hash ^= hash >> 33;
        hash = unchecked(hash * 0xff51afd7ed558ccdUL);
        return (int)((hash ^ (hash >> 33)) % (ulong)count);
    }
}

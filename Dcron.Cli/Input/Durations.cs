using System.Buffers;
using System.Globalization;

namespace Dcron.Cli.Input;

/// <summary>Reads spans of time as people write them: <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>250ms</c>, <c>1.5h</c>, or plain seconds.</summary>
internal static class Durations
{
    public const string Forms = "90s, 5m, 1h30m, 250ms, 2d or a number of seconds";

    private static readonly SearchValues<char> NumberLetters = SearchValues.Create("0123456789.");
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <param name="span">Longer than nothing, a year at most.</param>
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = default;
        if (TryNumber(text, out var plain))
            return TryTake(plain, 1_000, ref span) && span > TimeSpan.Zero;

        var rest = text.AsSpan();
        var before = double.PositiveInfinity;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(NumberLetters);
            if (digits <= 0 || !TryNumber(rest[..digits], out var number))
                return false;

            rest = rest[digits..];
            var unit = 0d;
            var length = 1;
            switch (rest)
            {
                case ['m', 's', ..]:
                    (unit, length) = (1, 2);
                    break;
                case ['s', ..]:
                    unit = 1_000;
                    break;
                case ['m', ..]:
                    unit = 60_000;
                    break;
                case ['h', ..]:
                    unit = 3_600_000;
                    break;
                case ['d', ..]:
                    unit = 86_400_000;
                    break;
            }

            // Largest first and each once, so that a slip such as 5m5m is told instead of added up.
            if (unit == 0 || unit >= before || !TryTake(number, unit, ref span))
                return false;

            before = unit;
            rest = rest[length..];
        }

        return span > TimeSpan.Zero;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    private static bool TryTake(double number, double milliseconds, ref TimeSpan span)
    {
        if (!(number * milliseconds <= Longest.TotalMilliseconds))
            return false;

        span += TimeSpan.FromMilliseconds(number * milliseconds);
        return span <= Longest;
    }
}

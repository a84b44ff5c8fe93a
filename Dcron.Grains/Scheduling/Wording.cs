using System.Globalization;

namespace Dcron.Grains.Scheduling;

/// <summary>Small pieces of English.</summary>
internal static class Wording
{
    public static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>1st, 2nd, 3rd, 4th, 11th …</summary>
    public static string Ordinal(int value) => Number(value) + (value % 100 is >= 11 and <= 13 ? "th" : (value % 10) switch
    {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    });

    /// <summary>a, b and c</summary>
    public static string Join(IEnumerable<string> parts, string last = "and")
    {
        var all = parts.ToArray();
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} {last} {all[^1]}";
    }

    /// <summary>0 to 10, 20 and 30</summary>
    public static string Numbers(CronPattern pattern) =>
        Join(pattern.Stretches().Select(stretch => stretch.Low == stretch.High ? Number(stretch.Low) : $"{Number(stretch.Low)} to {Number(stretch.High)}"));

    /// <summary>09:05, or 09:05:30 where the second is not 0.</summary>
    public static string Clock(int hour, int minute, int second = 0) => second == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{hour:D2}:{minute:D2}")
        : string.Create(CultureInfo.InvariantCulture, $"{hour:D2}:{minute:D2}:{second:D2}");

    /// <summary>09:05:00</summary>
    public static string LongClock(int hour, int minute, int second) => string.Create(CultureInfo.InvariantCulture, $"{hour:D2}:{minute:D2}:{second:D2}");
}

using System.Globalization;

namespace Dcron.Cli.Output;

/// <summary>How times, spans and sizes look to people.</summary>
internal static class Shown
{
    public const string Nothing = "-";

    public static string Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? Nothing;

    public static string Duration(TimeSpan? span) => span switch
    {
        null => Nothing,
        { } s when s < TimeSpan.Zero => "-" + Duration(-s),
        { TotalSeconds: < 1 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalSeconds:0.0} s"),
        { TotalHours: < 1 } s => Parts(s.Minutes, "m", s.Seconds, "s"),
        { TotalDays: < 1 } s => Parts(s.Hours, "h", s.Minutes, "m"),
        { } s => Parts(s.Days, "d", s.Hours, "h"),
    };

    public static string Size(long bytes) => bytes switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
    };

    public static string Pairs(IReadOnlyDictionary<string, string> pairs) =>
        pairs.Count == 0 ? Nothing : string.Join(' ', pairs.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    public static string OrNothing(string? text) => string.IsNullOrEmpty(text) ? Nothing : text;

    /// <summary>As a shell would take it.</summary>
    public static string Quoted(string arg) =>
        arg.Length > 0 && arg.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@%+".Contains(c, StringComparison.Ordinal)) ? arg : $"'{arg.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Parts(int large, string largeUnit, int small, string smallUnit) => small == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{large}{largeUnit}")
        : string.Create(CultureInfo.InvariantCulture, $"{large}{largeUnit} {small:00}{smallUnit}");
}

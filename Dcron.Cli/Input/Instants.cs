using System.Globalization;

namespace Dcron.Cli.Input;

/// <summary>Reads points in time: RFC 3339 with its offset, a date (midnight UTC), <c>now</c>, or a span and <c>ago</c>.</summary>
internal static class Instants
{
    public const string Forms = "2026-03-29T01:00:00Z (with Z or an offset), 2026-03-29 (midnight UTC), now, or \"2h ago\"";

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd' 'HH:mm:ssK", "yyyy-MM-dd' 'HH:mmK",
    ];

    public static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset instant)
    {
        if (text == "now")
        {
            instant = now;
            return true;
        }

        if (text.EndsWith(" ago", StringComparison.Ordinal) && Durations.TryParse(text[..^4].TrimEnd(), out var span))
        {
            instant = now - span;
            return true;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            instant = new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
            return true;
        }

        // K also matches nothing; a time without an offset would mean something else on every machine, so it is refused.
        instant = default;
        return HasOffset(text) && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out instant);
    }

    /// <summary>RFC 3339 in UTC, as the API reads it.</summary>
    public static string ToWire(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool HasOffset(string text) => text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':');
}

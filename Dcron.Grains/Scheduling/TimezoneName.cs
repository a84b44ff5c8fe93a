using System.Diagnostics.CodeAnalysis;
using System.Security;
using System.Text.RegularExpressions;

namespace Dcron.Grains.Scheduling;

/// <summary>Finds time zones by their IANA names.</summary>
public static partial class TimezoneName
{
    private const int MaxSuggestions = 3;

    // What people write that the IANA database does not know, or knows as a fixed offset without daylight saving.
    private static readonly Dictionary<string, string> Customary = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Z"] = "UTC",
        ["CEST"] = "Europe/Berlin",
        ["EEST"] = "Europe/Helsinki",
        ["WEST"] = "Europe/Lisbon",
        ["BST"] = "Europe/London",
        ["MSK"] = "Europe/Moscow",
        ["ET"] = "America/New_York",
        ["EDT"] = "America/New_York",
        ["CT"] = "America/Chicago",
        ["CST"] = "America/Chicago",
        ["CDT"] = "America/Chicago",
        ["MT"] = "America/Denver",
        ["MDT"] = "America/Denver",
        ["PT"] = "America/Los_Angeles",
        ["PST"] = "America/Los_Angeles",
        ["PDT"] = "America/Los_Angeles",
        ["IST"] = "Asia/Kolkata",
        ["JST"] = "Asia/Tokyo",
        ["KST"] = "Asia/Seoul",
        ["SGT"] = "Asia/Singapore",
        ["AEST"] = "Australia/Sydney",
        ["AEDT"] = "Australia/Sydney",
        ["NZST"] = "Pacific/Auckland",
        ["NZDT"] = "Pacific/Auckland",
        ["GMT Standard Time"] = "Europe/London",
        ["Romance Standard Time"] = "Europe/Paris",
        ["W. Europe Standard Time"] = "Europe/Berlin",
        ["Central Europe Standard Time"] = "Europe/Budapest",
        ["Central European Standard Time"] = "Europe/Warsaw",
        ["FLE Standard Time"] = "Europe/Kyiv",
        ["Russian Standard Time"] = "Europe/Moscow",
        ["Eastern Standard Time"] = "America/New_York",
        ["Central Standard Time"] = "America/Chicago",
        ["Mountain Standard Time"] = "America/Denver",
        ["Pacific Standard Time"] = "America/Los_Angeles",
        ["E. South America Standard Time"] = "America/Sao_Paulo",
        ["India Standard Time"] = "Asia/Kolkata",
        ["China Standard Time"] = "Asia/Shanghai",
        ["Tokyo Standard Time"] = "Asia/Tokyo",
        ["AUS Eastern Standard Time"] = "Australia/Sydney",
    };

    private static readonly Lazy<string[]> KnownNames = new(() =>
        [.. TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id).Where(id => IsName(id)).Append("UTC").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    private static readonly Lazy<string?> Version = new(ReadVersion);

    /// <summary>False on a machine without the package <c>tzdata</c>, where only UTC is known.</summary>
    public static bool HasDatabase => KnownNames.Value.Length > 1;

    /// <summary>The version of the time zone database, such as <c>2025b</c>; null where the machine does not tell.</summary>
    public static string? DatabaseVersion => Version.Value;

    /// <param name="text">An IANA name such as <c>Europe/Lisbon</c>, in its exact spelling, or <c>UTC</c>.</param>
    /// <param name="zone">The zone.</param>
    /// <param name="error">A clause that says what is wrong, with names that may have been meant.</param>
    public static bool TryFind(string? text, [NotNullWhen(true)] out TimeZoneInfo? zone, [NotNullWhen(false)] out string? error)
    {
        (zone, error) = (null, null);
        if (string.IsNullOrWhiteSpace(text))
        {
            error = "is empty; write an IANA name such as 'Europe/Lisbon', or 'UTC'";
            return false;
        }

        if (text.Length > 60 || text.Any(char.IsControl))
        {
            error = "is no time zone; write an IANA name such as 'Europe/Lisbon', or 'UTC'";
            return false;
        }

        if (text == "UTC")
        {
            zone = TimeZoneInfo.Utc;
            return true;
        }

        if (IsName(text) && Find(text) is { } found && found.Id == text)
        {
            zone = found;
            return true;
        }

        error = !HasDatabase
            ? $"is '{text}', but this machine has no time zone database, only UTC; install the package 'tzdata'"
            : $"is '{text}', which is no IANA time zone" + Hint(text);
        return false;
    }

    // The file that zones are made from bears it in its first line; some systems have a file with nothing else.
    private static string? ReadVersion()
    {
        var folder = Environment.GetEnvironmentVariable("TZDIR") is { Length: > 0 } set ? set : "/usr/share/zoneinfo";
        try
        {
            var source = Path.Combine(folder, "tzdata.zi");
            var line = File.Exists(source) ? File.ReadLines(source).FirstOrDefault() : File.ReadLines(Path.Combine(folder, "+VERSION")).FirstOrDefault();
            return line?.Replace("# version", "", StringComparison.Ordinal).Trim() is { Length: > 0 and <= 20 } version ? version : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static TimeZoneInfo? Find(string name)
    {
        try
        {
            return TimeZoneInfo.FindSystemTimeZoneById(name);
        }
        catch (Exception exception) when (exception is TimeZoneNotFoundException or InvalidTimeZoneException or SecurityException or UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }

    private static string Hint(string text)
    {
        if (Offset().IsMatch(text))
        {
            return "; write a place such as 'Europe/Lisbon', whose clocks are known for every date, or 'UTC'";
        }

        var names = Suggestions(text);
        return names.Count == 0
            ? "; write one such as 'Europe/Lisbon', or 'UTC'"
            : $"; did you mean {string.Join(" or ", names.Select(name => $"'{name}'"))}?";
    }

    private static List<string> Suggestions(string text)
    {
        var wanted = Plain(text);
        if (Customary.TryGetValue(text.Trim(), out var customary))
        {
            return [customary];
        }

        var place = wanted[(wanted.LastIndexOf('/') + 1)..];
        if (KnownNames.Value.FirstOrDefault(name => Plain(name) == wanted) is { } same)
        {
            return [same];
        }

        return [.. KnownNames.Value
            .Select(name => (name, distance: Math.Min(Distance(Plain(name), wanted), Distance(PlaceOf(name), place) + (place == wanted ? 0 : 1))))
            .Where(candidate => candidate.distance <= Math.Max(1, place.Length / 3))
            .OrderBy(candidate => candidate.distance).ThenBy(candidate => candidate.name, StringComparer.Ordinal)
            .Take(MaxSuggestions)
            .Select(candidate => candidate.name)];
    }

    private static string PlaceOf(string name) => Plain(name[(name.LastIndexOf('/') + 1)..]);

    private static string Plain(string name) => name.Trim().ToLowerInvariant().Replace(' ', '_').Replace('-', '_');

    /// <summary>Levenshtein's distance: how many letters must be put in, taken out or changed.</summary>
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            (var diagonal, row[0]) = (row[0], i);
            for (var j = 1; j <= to.Length; j++)
            {
                var changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }

    // Files beside the zones: copies with leap seconds, the machine's own zone.
    private static bool IsName(string text) =>
        Name().IsMatch(text) && !text.StartsWith("posix", StringComparison.Ordinal) && !text.StartsWith("right/", StringComparison.Ordinal)
        && text is not ("localtime" or "Factory");

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"^\s*(UTC|GMT|Z)?\s*[+-]\s*\d{1,2}(:?\d{2})?\s*$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Offset();
}

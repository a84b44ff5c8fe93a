using System.Globalization;

namespace Dcron.Grains.History;

/// <summary>Which months go. Pure.</summary>
internal static class RetentionRules
{
    private const string MonthFormat = "yyyy-MM";

    /// <summary>What is before this instant is no longer kept; null where everything is.</summary>
    /// <param name="now">The time.</param>
    /// <param name="months">Whole months that are kept beside the current one; 0 for all.</param>
    public static DateTimeOffset? Horizon(DateTimeOffset now, int months)
    {
        var month = new DateTimeOffset(now.UtcDateTime.Year, now.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
        return months == 0 || (month.Year * 12) + month.Month - 1 - months < 12 ? null : month.AddMonths(-months);
    }

    /// <summary>From here on a fire time's history is kept, also after the next drop.</summary>
    /// <param name="now">The time.</param>
    /// <param name="months">As above.</param>
    /// <param name="dropped">What is before it was dropped.</param>
    public static DateTimeOffset KeptFrom(DateTimeOffset now, int months, DateTimeOffset dropped) =>
        Horizon(now, months) is { } horizon && horizon > dropped ? horizon : dropped;

    /// <summary>The first instant of a month's collection, such as <c>executions-2026-03</c>; null for a collection of another kind.</summary>
    public static DateTimeOffset? MonthOf(string collection, string prefix) =>
        collection.StartsWith(prefix, StringComparison.Ordinal)
            && DateTimeOffset.TryParseExact(collection[prefix.Length..], MonthFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var month)
            ? month
            : null;

    /// <summary>Months that go, oldest first, up to one that is still needed: what comes after it waits, so that history has no holes.</summary>
    /// <param name="months">Months that there are.</param>
    /// <param name="horizon">What is before it is no longer kept.</param>
    /// <param name="needed">Fire times with something owed or running.</param>
    public static IReadOnlyList<DateTimeOffset> ToDrop(IEnumerable<DateTimeOffset> months, DateTimeOffset horizon, IReadOnlyCollection<DateTimeOffset> needed)
    {
        var limit = needed.Count == 0 ? horizon : Min(horizon, needed.Min());
        return [.. months.Where(month => month.AddMonths(1) <= limit).Distinct().Order()];
    }

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;
}

using System.Globalization;
using Dcron.Grains.History;

namespace Dcron.Tests.History;

/// <summary>Which months go.</summary>
public sealed class RetentionRulesTests
{
    [Theory]
    [InlineData("2026-11-25T03:00:00Z", 13, "2025-10-01")]
    [InlineData("2026-11-01T00:00:00Z", 1, "2026-10-01")]
    [InlineData("2026-01-31T23:59:59Z", 1, "2025-12-01")]
    [InlineData("2026-12-01T01:00:00+02:00", 1, "2026-10-01")] // still November in UTC
    [InlineData("2026-11-25T03:00:00Z", 0, null)]
    [InlineData("0002-01-01T00:00:00Z", 1200, null)]
    public void The_current_month_and_so_many_before_it_are_kept(string now, int months, string? horizon)
    {
        var result = RetentionRules.Horizon(DateTimeOffset.Parse(now, CultureInfo.InvariantCulture), months);

        Assert.Equal(horizon, result?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("executions-2026-03", "2026-03-01T00:00:00Z")]
    [InlineData("executions-2026-13", null)]
    [InlineData("executions-archive", null)]
    [InlineData("starts-2026-03", null)]
    public void Only_collections_of_a_month_count(string collection, string? month) => Assert.Equal(
        month is null ? null : DateTimeOffset.Parse(month, CultureInfo.InvariantCulture),
        RetentionRules.MonthOf(collection, "executions-"));

    [Theory]
    [InlineData(null, "1 2 3")]
    [InlineData("2026-02-10", "1")] // February is needed, and March waits for it
    [InlineData("2026-01-31", "")]
    [InlineData("2026-03-01", "1 2")]
    [InlineData("2026-07-01", "1 2 3")] // kept anyway
    public void Months_go_oldest_first_up_to_one_that_is_needed(string? needed, string dropped)
    {
        DateTimeOffset[] months = [Month(3), Month(1), Month(2), Month(2), Month(5), Month(4)];

        var result = RetentionRules.ToDrop(months, Month(4), needed is null ? [] : [DateTimeOffset.Parse(needed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), Month(9)]);

        Assert.Equal(dropped, string.Join(' ', result.Select(month => month.Month)));
    }

    private static DateTimeOffset Month(int month) => new(2026, month, 1, 0, 0, 0, TimeSpan.Zero);
}

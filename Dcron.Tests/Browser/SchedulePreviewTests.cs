using Dcron.Api.Console.Editing;

namespace Dcron.Tests.Browser;

/// <summary>What the form says of a schedule before anybody relies on it.</summary>
public sealed class SchedulePreviewTests
{
    private static readonly DateTimeOffset BeforeGap = new(2026, 3, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset BeforeRepeat = new(2026, 10, 24, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("30 1 * * *", "", "What would fire in the hour that is left out fires once, right after it.", "the clocks go forward: stands in for the time that is left out")]
    [InlineData("30 1 * * *", "skip", "What would fire in the hour that is left out does not fire that day.", null)]
    [InlineData("30 5 * * *", "", "This schedule has no time in that hour.", null)]
    public void A_gap_is_pointed_out(string time, string gap, string change, string? note)
    {
        var preview = SchedulePreview.Of(time, "Europe/Lisbon", "", gap, "", BeforeGap);
        Assert.Equal(10, preview.Times.Count);
        Assert.Equal(note, preview.Times[0].Note);
        Assert.Equal($"Sun 2026-03-29: the clocks of Europe/Lisbon go forward from 01:00 to 02:00. {change}", preview.ClockChanges[0]);
    }

    [Theory]
    [InlineData("30 1 * * *", "", "the first only.", 1)]
    [InlineData("30 1 * * *", "second", "the second only.", 1)]
    [InlineData("30 1 * * *", "both", "both.", 2)]
    [InlineData("30 * * * *", "", "both.", 2)]
    public void An_hour_that_comes_twice_is_pointed_out(string time, string overlap, string change, int noted)
    {
        var preview = SchedulePreview.Of(time, "Europe/Lisbon", "", "", overlap, BeforeRepeat.AddHours(12));
        Assert.Equal($"Sun 2026-10-25: the clocks of Europe/Lisbon go back from 02:00 to 01:00. The hour comes twice, and this schedule fires in {change}", preview.ClockChanges[0]);
        Assert.Equal(noted, preview.Times.Count(shown => shown.Note is not null));
    }

    [Theory]
    [InlineData("61 * * * *", "UTC", "the 1st field (minute)")]
    [InlineData("@daily", "Europe/Lisboa", "did you mean 'Europe/Lisbon'")]
    public void What_is_wrong_is_said(string time, string zone, string says)
    {
        var preview = SchedulePreview.Of(time, zone, "", "", "", BeforeGap);
        Assert.Contains(says, preview.Error, StringComparison.Ordinal);
        Assert.Empty(preview.Times);
    }

    [Fact]
    public void Nothing_written_yet_is_no_mistake() => Assert.Null(SchedulePreview.Of(" ", "UTC", "", "", "", BeforeGap).Error);

    [Fact]
    public void Utc_has_no_clock_changes() => Assert.Empty(SchedulePreview.Of("@daily", "", "", "", "", BeforeGap).ClockChanges);
}

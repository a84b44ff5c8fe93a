using Dcron.Cli.Input;

namespace Dcron.Tests.Cli;

public class InstantsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-29T02:00:00+01:00", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-29T01:00:00.25Z", "2026-03-29T01:00:00.25Z")]
    [InlineData("2026-03-29 01:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-29", "2026-03-29T00:00:00Z")]
    [InlineData("now", "2026-03-29T12:00:00Z")]
    [InlineData("2h ago", "2026-03-29T10:00:00Z")]
    public void Points_in_time_go_to_the_api_in_utc(string text, string wire)
    {
        Assert.True(Instants.TryParse(text, Now, out var instant));
        Assert.Equal(wire, Instants.ToWire(instant));
    }

    [Theory]
    [InlineData("2026-03-29T01:00:00")]
    [InlineData("2026-03-29 01:00")]
    [InlineData("2026-02-30")]
    [InlineData("29.03.2026")]
    [InlineData("yesterday")]
    [InlineData("ago")]
    [InlineData("")]
    public void A_time_whose_zone_one_would_have_to_guess_is_refused(string text) => Assert.False(Instants.TryParse(text, Now, out _));
}

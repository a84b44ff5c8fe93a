using Dcron.Grains.Scheduling;

namespace Dcron.Tests.Scheduling;

public sealed class TimezoneNameTests
{
    [Theory]
    [InlineData("UTC")]
    [InlineData("Etc/UTC")]
    [InlineData("Europe/Lisbon")]
    [InlineData("America/Argentina/Buenos_Aires")]
    [InlineData("US/Eastern")]
    [InlineData("EST5EDT")]
    [InlineData("Etc/GMT+5")]
    public void IANA_names_are_found(string name)
    {
        Assert.True(TimezoneName.TryFind(name, out var zone, out var error), error);
        Assert.Equal(name, zone.Id);
    }

    [Theory]
    [InlineData("Europe/Lisboa", "did you mean 'Europe/Lisbon'")]
    [InlineData("europe/lisbon", "did you mean 'Europe/Lisbon'?")]
    [InlineData("Lisbon", "did you mean 'Europe/Lisbon'")]
    [InlineData("America/New York", "did you mean 'America/New_York'?")]
    [InlineData("America/NewYork", "did you mean 'America/New_York'")]
    [InlineData("Europe/New_York", "did you mean 'America/New_York'")]
    [InlineData("Asia/Ammann", "did you mean 'Asia/Amman'")]
    [InlineData("utc", "did you mean 'UTC'?")]
    [InlineData("PST", "did you mean 'America/Los_Angeles'?")]
    [InlineData("W. Europe Standard Time", "did you mean 'Europe/Berlin'?")]
    [InlineData("+02:00", "write a place such as 'Europe/Lisbon'")]
    [InlineData("UTC+2", "write a place such as 'Europe/Lisbon'")]
    [InlineData("Middle/Earth_And_Beyond", "write one such as 'Europe/Lisbon', or 'UTC'")]
    [InlineData("", "is empty")]
    [InlineData(null, "is empty")]
    [InlineData("Europe", "no IANA time zone")]
    [InlineData("../../etc/passwd", "no IANA time zone")]
    [InlineData("posix/Europe/Lisbon", "no IANA time zone")]
    [InlineData("right/Europe/Lisbon", "no IANA time zone")]
    [InlineData("localtime", "no IANA time zone")]
    [InlineData("zone.tab", "no IANA time zone")]
    [InlineData("UTC\n", "is no time zone")]
    public void Other_names_are_answered_by_what_may_have_been_meant(string? name, string expected)
    {
        Assert.False(TimezoneName.TryFind(name, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}

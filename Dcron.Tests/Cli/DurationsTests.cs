using CsCheck;
using Dcron.Cli.Input;

namespace Dcron.Tests.Cli;

public class DurationsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("250ms", 0.25)]
    [InlineData("2d", 172800)]
    [InlineData("1d2h3m4s5ms", 93784.005)]
    [InlineData("300", 300)]
    [InlineData("0.5", 0.5)]
    public void Spans_are_read_as_people_write_them(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var span));
        Assert.Equal(seconds, span.TotalSeconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0s")]
    [InlineData("-5m")]
    [InlineData("5x")]
    [InlineData("m5")]
    [InlineData("5m5m")]
    [InlineData("5s1h")]
    [InlineData("5m 3s")]
    [InlineData("1.2.3s")]
    [InlineData(".s")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e3")]
    [InlineData("400d")]
    [InlineData("99999999999999999999")]
    public void Anything_else_is_refused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void Whatever_is_written_nothing_is_thrown_and_what_is_read_is_in_range() => Gen.String[Gen.Char["0123456789.dhms -"], 0, 12].Sample(text =>
    {
        Assert.True(!Durations.TryParse(text, out var span) || (span > TimeSpan.Zero && span <= TimeSpan.FromDays(366)));
    });
}

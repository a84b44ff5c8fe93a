using Dcron.Api.Executions;

namespace Dcron.Tests.Api;

public sealed class LogRangeTests
{
    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=0-", 0, 10)]
    [InlineData("bytes=3-5", 3, 3)]
    [InlineData("bytes=9-99", 9, 1)]
    [InlineData("bytes=0-9223372036854775807", 0, 10)]
    [InlineData("bytes=-4", 6, 4)]
    [InlineData("bytes=-400", 0, 10)]
    public void A_range_is_a_part(string header, long from, long length) => Assert.Equal(new LogRange.Part(from, length), LogRange.Of(header, 10));

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=99-100")]
    [InlineData("bytes=-0")]
    public void A_range_beyond_the_end_is_refused(string header) => Assert.IsType<LogRange.NotSatisfiable>(LogRange.Of(header, 10));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bytes=5-3")]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("lines=0-1")]
    [InlineData("bytes=abc")]
    public void What_is_no_single_range_asks_for_the_whole(string? header) => Assert.IsType<LogRange.Whole>(LogRange.Of(header, 10));

    [Fact]
    public void Nothing_can_be_a_part_of_an_empty_log() => Assert.IsType<LogRange.NotSatisfiable>(LogRange.Of("bytes=0-", 0));
}

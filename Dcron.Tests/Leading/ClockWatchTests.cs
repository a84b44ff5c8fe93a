using Dcron.Grains.Leading;

namespace Dcron.Tests.Leading;

public sealed class ClockWatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);
    private readonly ClockWatch _watch = new();
    private DateTimeOffset _now = Start;

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    [InlineData(2.5)]
    [InlineData(-3600)]
    public void A_clock_that_differs_is_told_once_and_once_more_when_it_agrees_again(double seconds)
    {
        Assert.Equal([null, null, null, null, true, null, null, null], Reports(8, TimeSpan.FromSeconds(seconds)));
        Assert.Equal(TimeSpan.FromSeconds(seconds), _watch.OffsetOf("a"));
        Assert.Equal(1, Reports(8, TimeSpan.Zero).Count(changed => changed == false));
        Assert.Equal(TimeSpan.Zero, _watch.OffsetOf("a"));
    }

    [Theory]
    [InlineData(1.9)]
    [InlineData(-1.9)]
    public void A_difference_within_the_tolerance_is_not_told(double seconds) => Assert.All(Reports(20, TimeSpan.FromSeconds(seconds)), Assert.Null);

    [Fact]
    public void Reports_that_were_long_on_their_way_do_not_make_a_clock_late()
    {
        for (var round = 0; round < 5; round++)
        {
            Assert.All(Reports(4, TimeSpan.FromSeconds(-8)), Assert.Null);
            Assert.All(Reports(1, TimeSpan.FromMilliseconds(-3)), Assert.Null);
        }
    }

    [Fact]
    public void Between_agreeing_and_differing_it_does_not_waver()
    {
        Reports(8, TimeSpan.FromSeconds(2.2));
        Assert.All(Reports(8, TimeSpan.FromSeconds(1.5)), Assert.Null); // neither far enough to be told anew, nor near enough to agree
        Assert.Contains(false, Reports(8, TimeSpan.FromSeconds(0.5)));
    }

    [Fact]
    public void Each_worker_has_its_own_and_those_that_are_gone_are_forgotten()
    {
        Reports(8, TimeSpan.FromSeconds(5));
        for (var i = 0; i < 8; i++)
        {
            Assert.Null(_watch.Heard("b", _now, _now));
        }

        _watch.Keep(["b"]);
        Assert.Null(_watch.OffsetOf("a"));
        Assert.Equal(TimeSpan.Zero, _watch.OffsetOf("b"));
    }

    private List<bool?> Reports(int count, TimeSpan offset) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        _now += TimeSpan.FromSeconds(1);
        return _watch.Heard("a", _now + offset, _now);
    })];
}

using Dcron.Grains.Workers;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Workers;

public sealed class BeatTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(25);
    private readonly FakeTimeProvider _time = new();
    private readonly Beat _beat;

    public BeatTests() => _beat = new Beat(Period, _time);

    [Fact]
    public void Who_comes_alone_waits_for_nothing()
    {
        Assert.True(_beat.NextAsync().IsCompleted);
        _time.Advance(Period);
        Assert.True(_beat.NextAsync().IsCompleted);
    }

    [Fact]
    public async Task Who_comes_shortly_after_goes_on_with_all_others_at_the_next_beat()
    {
        Assert.True(_beat.NextAsync().IsCompleted);
        _time.Advance(Period / 5);
        var second = _beat.NextAsync();
        _time.Advance(Period / 5);
        var third = _beat.NextAsync();
        Assert.False(second.IsCompleted || third.IsCompleted);

        _time.Advance(Period * 3 / 5);
        await Task.WhenAll(second, third);

        var fourth = _beat.NextAsync();
        Assert.False(fourth.IsCompleted);
        _time.Advance(Period);
        await fourth;
    }
}

using Dcron.Grains.Workers;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Workers;

public sealed class SlotsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private readonly FakeTimeProvider _time = new();
    private readonly Slots _slots;

    public SlotsTests() => _slots = new Slots(2, _time);

    public void Dispose() => _slots.Dispose();

    [Fact]
    public void There_are_as_many_as_there_are()
    {
        Assert.True(_slots.TryTake());
        Assert.True(_slots.TryTake());
        Assert.False(_slots.TryTake());
        Assert.Equal(2, _slots.InUse);
        _slots.Free();
        Assert.Equal(1, _slots.InUse);
    }

    [Fact]
    public async Task A_slot_that_is_freed_goes_to_who_waits_and_to_nobody_else()
    {
        TakeAll();
        var first = _slots.TakeNextAsync(Limit);
        var second = _slots.TakeNextAsync(Limit);
        _slots.Free();
        Assert.False(_slots.TryTake());
        Assert.True(await first);
        Assert.False(second.IsCompleted);
        _slots.Free();
        Assert.True(await second);
        Assert.Equal(2, _slots.InUse);
    }

    [Fact]
    public async Task Who_waits_too_long_goes_without_and_takes_none()
    {
        TakeAll();
        var waiting = _slots.TakeNextAsync(Limit);
        _time.Advance(Limit);
        Assert.False(await waiting);
        _slots.Free();
        Assert.True(_slots.TryTake());
    }

    [Fact]
    public async Task Who_waits_can_be_sent_away_and_others_may_wait_again()
    {
        TakeAll();
        var waiting = _slots.TakeNextAsync(Limit);
        _slots.EndWaiting();
        Assert.False(await waiting);
        var later = _slots.TakeNextAsync(Limit);
        _slots.Free();
        Assert.True(await later);
    }

    private void TakeAll()
    {
        while (_slots.TryTake())
        {
        }
    }
}

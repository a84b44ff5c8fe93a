namespace Dcron.Grains.Processes;

/// <summary>Fires once, after any time at all: .NET's own timers end at 49 days.</summary>
internal sealed class LongTimer : ITimer
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    private readonly ITimer _timer;
    private readonly Action _fire;
    private TimeSpan _left;

    public LongTimer(TimeProvider time, TimeSpan due, Action fire)
    {
        (_left, _fire) = (due, fire);
        _timer = time.CreateTimer(static state => ((LongTimer)state!).OnTick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm();
    }

    public bool Change(TimeSpan dueTime, TimeSpan period) => _timer.Change(dueTime, period);

    public void Dispose() => _timer.Dispose();

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void OnTick()
    {
        if (_left <= TimeSpan.Zero)
        {
            _fire();
            return;
        }

        Arm();
    }

    private void Arm()
    {
        var step = _left < Longest ? _left : Longest;
        _left -= step;
        _timer.Change(step < TimeSpan.Zero ? TimeSpan.Zero : step, Timeout.InfiniteTimeSpan);
    }
}

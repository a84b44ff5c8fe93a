namespace Dcron.Grains.Workers;

/// <summary>
/// Lets those that come shortly after each other go on together: the first at once, all others at the next beat. What they then write is made durable by one
/// commit for all of them instead of one each.
/// </summary>
internal sealed class Beat(TimeSpan period, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _last;
    private Task? _next;

    /// <summary>Completes at once when the last beat is a period ago, else at the next one.</summary>
    public Task NextAsync()
    {
        lock (_gate)
        {
            if (_next is not null)
            {
                return _next;
            }

            var wait = _last is { } last ? period - time.GetElapsedTime(last) : TimeSpan.Zero;
            if (wait > TimeSpan.Zero)
            {
                return _next = WaitAsync(wait);
            }

            _last = time.GetTimestamp();
            return Task.CompletedTask;
        }
    }

    private async Task WaitAsync(TimeSpan wait)
    {
        await Task.Delay(wait, time);
        lock (_gate)
        {
            (_last, _next) = (time.GetTimestamp(), null);
        }
    }
}

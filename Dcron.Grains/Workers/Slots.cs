namespace Dcron.Grains.Workers;

/// <summary>A worker's slots. One that is given back goes to whoever waits longest, if anybody does.</summary>
internal sealed class Slots(int count, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _waiting = [];
    private int _inUse;

    public int Count { get; } = count;

    public int InUse => Volatile.Read(ref _inUse);

    public bool TryTake()
    {
        lock (_gate)
        {
            return TryTakeHavingTheLock();
        }
    }

    /// <returns>False when none was freed within the limit, or the waiting was ended.</returns>
    public async Task<bool> TakeNextAsync(TimeSpan limit)
    {
        var place = new LinkedListNode<TaskCompletionSource<bool>>(new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            if (TryTakeHavingTheLock())
            {
                return true;
            }

            _waiting.AddLast(place);
        }

        await using var over = time.CreateTimer(_ => SendAway(place), null, limit, Timeout.InfiniteTimeSpan);
        return await place.Value.Task;
    }

    public void Free()
    {
        lock (_gate)
        {
            if (_waiting.First is { } longest)
            {
                _waiting.Remove(longest);
                longest.Value.SetResult(true); // it stays in use, by another
            }
            else
            {
                _inUse--;
            }
        }
    }

    /// <summary>Sends away whoever waits.</summary>
    public void EndWaiting()
    {
        lock (_gate)
        {
            while (_waiting.First is { } longest)
            {
                SendAway(longest);
            }
        }
    }

    public void Dispose() => EndWaiting();

    private bool TryTakeHavingTheLock()
    {
        if (_inUse == Count)
        {
            return false;
        }

        _inUse++;
        return true;
    }

    private void SendAway(LinkedListNode<TaskCompletionSource<bool>> place)
    {
        lock (_gate)
        {
            if (place.List is not null)
            {
                _waiting.Remove(place);
                place.Value.SetResult(false);
            }
        }
    }
}

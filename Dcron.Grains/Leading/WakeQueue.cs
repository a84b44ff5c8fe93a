using Dcron.Grains.Jobs;

namespace Dcron.Grains.Leading;

/// <summary>When the leader must wake which job. Pure; a job has at most one time, the earliest asked for.</summary>
internal sealed class WakeQueue
{
    private readonly PriorityQueue<JobId, DateTimeOffset> _queue = new();
    private readonly Dictionary<JobId, DateTimeOffset> _armed = [];

    public int Count => _armed.Count;

    /// <summary>The earliest time; null when nothing is armed.</summary>
    public DateTimeOffset? NextAt
    {
        get
        {
            DropStale();
            return _queue.TryPeek(out _, out var at) ? at : null;
        }
    }

    public void Arm(JobId job, DateTimeOffset at)
    {
        if (_armed.TryGetValue(job, out var already) && already <= at)
        {
            return;
        }

        _armed[job] = at;
        _queue.Enqueue(job, at);
    }

    /// <summary>Takes the earliest job whose time has come.</summary>
    public bool TryTake(DateTimeOffset now, out JobId job)
    {
        DropStale();
        if (_queue.TryPeek(out job, out var at) && at <= now)
        {
            _queue.Dequeue();
            _armed.Remove(job);
            return true;
        }

        return false;
    }

    // An entry that was overtaken by an earlier one stays in the heap until it comes up.
    private void DropStale()
    {
        while (_queue.TryPeek(out var job, out var at) && !(_armed.TryGetValue(job, out var armed) && armed == at))
        {
            _queue.Dequeue();
        }
    }
}

namespace Dcron.Grains.Leading;

/// <summary>
/// How far the workers' clocks are from the leader's, by the time that each report bears. A report that was long on its way only makes a clock look late, so of the last
/// few the one that makes it look earliest is the nearest to the truth. Pure.
/// </summary>
internal sealed class ClockWatch
{
    /// <summary>From here on the difference is told.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>So many reports one after the other would have to be late for a clock to be called late that is not.</summary>
    private const int Reports = 5;

    private readonly Dictionary<string, Clock> _clocks = new(StringComparer.Ordinal);

    /// <summary>A worker's report.</summary>
    /// <returns>True when from now on its clock differs by more than the tolerance, false when it does no longer, null when nothing has changed.</returns>
    public bool? Heard(string workerId, DateTimeOffset sentAt, DateTimeOffset now)
    {
        if (!_clocks.TryGetValue(workerId, out var clock))
        {
            _clocks[workerId] = clock = new Clock();
        }

        clock.Add(sentAt - now);
        if (clock.Offset is not { } offset || clock.Differs == (offset.Duration() > (clock.Differs ? Tolerance / 2 : Tolerance)))
        {
            return null;
        }

        return clock.Differs = !clock.Differs;
    }

    /// <summary>By how much a worker's clock is ahead of the leader's; negative for one that is behind; null until that can be told.</summary>
    public TimeSpan? OffsetOf(string workerId) => _clocks.GetValueOrDefault(workerId)?.Offset;

    /// <summary>Forgets those that are gone.</summary>
    public void Keep(IEnumerable<string> workerIds)
    {
        foreach (var gone in _clocks.Keys.Except(workerIds, StringComparer.Ordinal).ToList())
        {
            _clocks.Remove(gone);
        }
    }

    private sealed class Clock
    {
        private readonly Queue<TimeSpan> _last = [];

        public bool Differs { get; set; }

        public TimeSpan? Offset => _last.Count < Reports ? null : _last.Max();

        public void Add(TimeSpan offset)
        {
            _last.Enqueue(offset);
            if (_last.Count > Reports)
            {
                _last.Dequeue();
            }
        }
    }
}

using System.Collections.Concurrent;
using Dcron.Grains.Scheduling;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>The fire times of jobs; remembers parsed expressions and zones, since thousands of jobs share a few of them.</summary>
internal static class JobSchedules
{
    private static readonly ScheduleCache Cache = new(capacity: 4096);

    /// <exception cref="InvalidOperationException">
    /// The spec is not valid any more, although it was when it was stored: the machine lacks the time zone.
    /// </exception>
    public static FireTimes Of(JobSpec spec, JobId jobId)
    {
        var (schedule, zone) = Cache.Get(spec.Time, spec.Timezone, jobId.Value);
        return new FireTimes(schedule, zone, spec.StartsAt, spec.EndsAt, spec.DstGap, spec.DstOverlap);
    }
}

/// <summary>Bounded by two generations: when the younger is full it becomes the older, and what is used again moves back.</summary>
internal sealed class ScheduleCache(int capacity)
{
    private volatile ConcurrentDictionary<Key, Entry> _young = new();
    private volatile ConcurrentDictionary<Key, Entry> _old = new();

    public int Count => _young.Count + _old.Count;

    /// <param name="time">The expression.</param>
    /// <param name="timezone">The zone's name.</param>
    /// <param name="seed">The job's id; part of the key only where the expression has an <c>H</c>.</param>
    public Entry Get(string time, string timezone, string seed)
    {
        var shared = new Key(time, timezone, null);
        var own = shared with { Seed = seed };
        return Find(shared) ?? Find(own) ?? Add(Parse(time, timezone, seed), shared, own);
    }

    private Entry? Find(Key key)
    {
        if (_young.TryGetValue(key, out var entry))
        {
            return entry;
        }

        return _old.TryGetValue(key, out entry) ? Keep(key, entry) : null;
    }

    private Entry Add(Entry entry, Key shared, Key own) => Keep(entry.Schedule.UsesHash ? own : shared, entry);

    private Entry Keep(Key key, Entry entry)
    {
        // Two threads may turn the generations at once; that only forgets sooner.
        if (_young.Count >= capacity / 2)
        {
            (_old, _young) = (_young, new ConcurrentDictionary<Key, Entry>());
        }

        _young[key] = entry;
        return entry;
    }

    private static Entry Parse(string time, string timezone, string seed)
    {
        if (!CronSchedule.TryParse(time, seed, out var schedule, out var cronError))
        {
            throw new InvalidOperationException($"The stored time '{time}' can't be read: {cronError.Message}.");
        }

        return TimezoneName.TryFind(timezone, out var zone, out var zoneError)
            ? new Entry(schedule, ZoneTransitions.Of(zone))
            : throw new InvalidOperationException($"The stored timezone {zoneError}.");
    }

    internal sealed record Entry(CronSchedule Schedule, ZoneTransitions Zone);

    private readonly record struct Key(string Time, string Timezone, string? Seed);
}

namespace Dcron.Grains.Scheduling;

/// <summary>
/// The instants at which a schedule fires in a time zone, between two dates: UTC, whole seconds, strictly increasing, and the same however the
/// period that they are asked for is cut into pieces.
/// </summary>
/// <remarks>
/// Where clocks change, the rules are those of Vixie cron, for every kind of change (daylight saving, a new standard time, the date line):
/// <list type="bullet">
/// <item>Clocks put forward: local times that are left out are made up for, once, by the first instant after the gap.
/// With Lisbon's clocks going from 01:00 to 02:00, <c>30 1 * * *</c> fires at 02:00, and <c>*/20 * * * *</c> at 00:40, 02:00, 02:20.</item>
/// <item>Clocks put back: a schedule with fixed times (<c>30 1 * * *</c>, <c>0,30 1,2 * * *</c>) fires at the first of the two instants only. One
/// with a <c>*</c>, range or step in its second, minute or hour (<c>*/20 * * * *</c>, <c>30 * * * *</c>) goes on through both.</item>
/// </list>
/// Nothing fires before 1970 or from 2400 on. Immutable and safe for use by many threads.
/// </remarks>
public sealed class FireTimes
{
    private static readonly DateTimeOffset First = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset End = new(2400, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly CronSchedule _schedule;
    private readonly ZoneTransitions _zone;
    private readonly DateTime _startsAfter;
    private readonly DateTime _endsAt;

    /// <param name="schedule">When.</param>
    /// <param name="zone">The zone that the schedule's times are local to.</param>
    /// <param name="startsAt">Nothing fires before this instant; null for no limit.</param>
    /// <param name="endsAt">Nothing fires at or after this instant; null for no limit.</param>
    public FireTimes(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset? startsAt = null, DateTimeOffset? endsAt = null)
        : this(schedule, ZoneTransitions.Of(zone), startsAt, endsAt)
    {
    }

    internal FireTimes(CronSchedule schedule, ZoneTransitions zone, DateTimeOffset? startsAt, DateTimeOffset? endsAt)
    {
        (_schedule, _zone) = (schedule, zone);
        _startsAfter = (startsAt > First ? startsAt.Value : First).UtcDateTime.AddTicks(-1);
        _endsAt = (endsAt < End ? endsAt.Value : End).UtcDateTime;
    }

    /// <summary>The first fire time after an instant; null when there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset after)
    {
        var from = after.UtcDateTime;
        if (from < _startsAfter)
        {
            from = _startsAfter;
        }

        return from < _endsAt && Next(from) is { } next && next < _endsAt ? new DateTimeOffset(next) : null;
    }

    /// <summary>The fire times in (after, to]. Endless ones are found as they are asked for, so that no long period costs anything by itself.</summary>
    public IEnumerable<DateTimeOffset> Between(DateTimeOffset afterExclusive, DateTimeOffset toInclusive)
    {
        for (var next = NextAfter(afterExclusive); next <= toInclusive; next = NextAfter(next.Value))
        {
            yield return next.Value;
        }
    }

    /// <summary>The next fire times after an instant, at most <paramref name="count"/>.</summary>
    public IReadOnlyList<DateTimeOffset> Next(int count, DateTimeOffset after) => [.. Between(after, DateTimeOffset.MaxValue).Take(count)];

    private DateTime? Next(DateTime utc)
    {
        var inclusive = false;
        if (!_schedule.IsInterval && _zone.RepeatedAt(utc) is { } repeated)
        {
            (utc, inclusive) = (repeated.RepeatEnd, true);
        }

        while (true)
        {
            var offset = _zone.OffsetAt(utc);
            if (_schedule.NextLocal(utc + offset, inclusive) is not { } local)
            {
                return null;
            }

            var candidate = local - offset;
            if (candidate >= _endsAt)
            {
                candidate = _endsAt; // no need to look for transitions beyond
            }

            if (_zone.FirstIn(utc, candidate) is not { } transition)
            {
                return candidate;
            }

            if (transition.IsGap && local < transition.At + transition.After)
            {
                return transition.At;
            }

            (utc, inclusive) = (_schedule.IsInterval ? transition.At : transition.RepeatEnd, true);
        }
    }
}

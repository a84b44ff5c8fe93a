using Dcron.Grains.Jobs;

namespace Dcron.Grains.Scheduling;

/// <summary>
/// The instants at which a schedule fires in a time zone, between two dates: UTC, whole seconds, strictly increasing, and the same however the
/// period that they are asked for is cut into pieces.
/// </summary>
/// <remarks>
/// Where clocks change, the rules are those of Vixie cron, for every kind of change (daylight saving, a new standard time, the date line):
/// <list type="bullet">
/// <item>Clocks put forward: local times that are left out are made up for, once, by the first instant after the gap.
/// With Lisbon's clocks going from 01:00 to 02:00, <c>30 1 * * *</c> fires at 02:00, and <c>*/20 * * * *</c> at 00:40, 02:00, 02:20. With
/// <see cref="DstGap.Skip"/> they don't fire that day.</item>
/// <item>Clocks put back: a schedule with fixed times (<c>30 1 * * *</c>, <c>0,30 1,2 * * *</c>) fires at the first of the two instants only. One
/// with a <c>*</c>, range or step in its second, minute or hour (<c>*/20 * * * *</c>, <c>30 * * * *</c>) goes on through both. A
/// <see cref="DstOverlap"/> other than <see cref="DstOverlap.Auto"/> rules either kind: local times that come twice fire at the first, the second or both.</item>
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
    private readonly DstGap _gap;
    private readonly DstOverlap _overlap;

    /// <param name="schedule">When.</param>
    /// <param name="zone">The zone that the schedule's times are local to.</param>
    /// <param name="startsAt">Nothing fires before this instant; null for no limit.</param>
    /// <param name="endsAt">Nothing fires at or after this instant; null for no limit.</param>
    /// <param name="gap">What becomes of local times that are left out.</param>
    /// <param name="overlap">What becomes of local times that come twice.</param>
    public FireTimes(
        CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset? startsAt = null, DateTimeOffset? endsAt = null, DstGap gap = DstGap.Shift, DstOverlap overlap = DstOverlap.Auto)
        : this(schedule, ZoneTransitions.Of(zone), startsAt, endsAt, gap, overlap)
    {
    }

    internal FireTimes(CronSchedule schedule, ZoneTransitions zone, DateTimeOffset? startsAt, DateTimeOffset? endsAt, DstGap gap, DstOverlap overlap)
    {
        _gap = gap;
        _overlap = overlap != DstOverlap.Auto ? overlap : schedule.IsInterval ? DstOverlap.Both : DstOverlap.First;
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

    /// <summary>
    /// The instant after which at most <paramref name="count"/> fire times lie up to <paramref name="to"/>: the earliest such whole second from
    /// <paramref name="after"/> on. Costs some forty times <paramref name="count"/> steps, however many fire times lie before.
    /// </summary>
    public DateTimeOffset StartOfLast(int count, DateTimeOffset after, DateTimeOffset to)
    {
        if (!Between(after, to).Skip(count).Any())
        {
            return after;
        }

        var (tooMany, few) = (after.ToUnixTimeSeconds(), to.ToUnixTimeSeconds());
        while (few - tooMany > 1)
        {
            var middle = tooMany + ((few - tooMany) / 2);
            (tooMany, few) = Between(DateTimeOffset.FromUnixTimeSeconds(middle), to).Skip(count).Any() ? (middle, few) : (tooMany, middle);
        }

        return DateTimeOffset.FromUnixTimeSeconds(few);
    }

    /// <summary>The next fire times after an instant, at most <paramref name="count"/>.</summary>
    public IReadOnlyList<DateTimeOffset> Next(int count, DateTimeOffset after) => [.. Between(after, DateTimeOffset.MaxValue).Take(count)];

    private DateTime? Next(DateTime utc)
    {
        var inclusive = false;
        if (_overlap == DstOverlap.First && _zone.RepeatedAt(utc) is { } repeated)
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
                if (_overlap != DstOverlap.Second || candidate == _endsAt || _zone.RepeatedAfter(candidate) is not { } comesAgain)
                {
                    return candidate;
                }

                (utc, inclusive) = (comesAgain.At, true);
                continue;
            }

            if (_gap == DstGap.Shift && transition.IsGap && local < transition.At + transition.After)
            {
                return transition.At;
            }

            (utc, inclusive) = (_overlap == DstOverlap.First ? transition.RepeatEnd : transition.At, true);
        }
    }
}

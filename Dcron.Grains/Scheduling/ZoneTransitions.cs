using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Dcron.Grains.Scheduling;

/// <summary>A moment at which a zone's clocks are put forward or back.</summary>
/// <param name="At">First instant (UTC) of the new offset.</param>
/// <param name="Before">Offset until then.</param>
/// <param name="After">Offset from then on.</param>
internal sealed record ZoneTransition(DateTime At, TimeSpan Before, TimeSpan After)
{
    /// <summary>True where local times are left out, false where they are repeated.</summary>
    public bool IsGap => After > Before;

    /// <summary>First instant after the local times that are repeated; <see cref="At"/> for a gap.</summary>
    public DateTime RepeatEnd => IsGap ? At : At + (Before - After);
}

/// <summary>
/// When a zone's clocks change, read from the only thing that <see cref="TimeZoneInfo"/> answers reliably: the offset at an instant. Its questions
/// about local times (invalid, ambiguous) know daylight saving time only, so that Cronos, which asks them, stands still for ever
/// where a zone changed its standard time (Africa/Casablanca, America/Caracas 2016, Pacific/Apia 2011).
/// </summary>
internal sealed class ZoneTransitions
{
    // No zone ever changed twice within this time.
    private static readonly TimeSpan Step = TimeSpan.FromHours(6);

    // The date line, crossed to the east.
    private static readonly TimeSpan LongestRepeat = TimeSpan.FromHours(25);
    private static readonly ConditionalWeakTable<TimeZoneInfo, ZoneTransitions> Known = [];

    private readonly TimeZoneInfo _zone;
    private readonly TimeSpan? _fixedOffset;
    private readonly ConcurrentDictionary<int, YearTable> _years = [];

    private ZoneTransitions(TimeZoneInfo zone)
    {
        _zone = zone;
        _fixedOffset = zone.GetAdjustmentRules().Length == 0 ? zone.BaseUtcOffset : null;
    }

    public static ZoneTransitions Of(TimeZoneInfo zone) => Known.GetValue(zone, static zone => new ZoneTransitions(zone));

    public TimeSpan OffsetAt(DateTime utc)
    {
        if (_fixedOffset is { } offset)
        {
            return offset;
        }

        var year = Year(utc.Year);
        offset = year.FirstOffset;
        foreach (var transition in year.Transitions)
        {
            if (transition.At > utc)
            {
                break;
            }

            offset = transition.After;
        }

        return offset;
    }

    /// <summary>The first transition in (after, upTo]; null when there is none.</summary>
    public ZoneTransition? FirstIn(DateTime after, DateTime upTo)
    {
        for (var year = after.Year; _fixedOffset is null && year <= upTo.Year; year++)
        {
            foreach (var transition in Year(year).Transitions)
            {
                if (transition.At > after)
                {
                    return transition.At <= upTo ? transition : null;
                }
            }
        }

        return null;
    }

    /// <summary>The transition after whose repetition of local times the instant falls; null when it doesn't.</summary>
    public ZoneTransition? RepeatedAt(DateTime utc)
    {
        for (var year = utc.Year; _fixedOffset is null && year >= utc.Year - 1; year--)
        {
            var transitions = Year(year).Transitions;
            for (var i = transitions.Length - 1; i >= 0; i--)
            {
                if (transitions[i].At <= utc)
                {
                    return utc < transitions[i].RepeatEnd ? transitions[i] : null;
                }
            }
        }

        return null;
    }

    /// <summary>The transition after which the local time of this instant comes a second time; null when it doesn't.</summary>
    public ZoneTransition? RepeatedAfter(DateTime utc) =>
        FirstIn(utc, utc + LongestRepeat) is { IsGap: false } transition && utc >= transition.At - (transition.Before - transition.After) ? transition : null;

    private YearTable Year(int year) => _years.TryGetValue(year, out var table) ? table : _years.GetOrAdd(year, Read);

    private YearTable Read(int year)
    {
        var end = new DateTime(year + 1, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(-1);
        var at = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(-1);
        var first = _zone.GetUtcOffset(at);
        var (offset, transitions) = (first, new List<ZoneTransition>());
        while (at < end)
        {
            var next = end - at < Step ? end : at + Step;
            var then = _zone.GetUtcOffset(next);
            if (then != offset)
            {
                transitions.Add(new ZoneTransition(Find(at, next, offset), offset, then));
                offset = then;
            }

            at = next;
        }

        return new YearTable(first, [.. transitions]);
    }

    private DateTime Find(DateTime low, DateTime high, TimeSpan before)
    {
        while ((high - low).Ticks > TimeSpan.TicksPerSecond)
        {
            var middle = low.AddSeconds((long)(high - low).TotalSeconds / 2);
            (low, high) = _zone.GetUtcOffset(middle) == before ? (middle, high) : (low, middle);
        }

        return high;
    }

    private sealed record YearTable(TimeSpan FirstOffset, ZoneTransition[] Transitions);
}

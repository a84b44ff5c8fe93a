using Dcron.Grains.Jobs;

namespace Dcron.Grains.Ledger.Oracle;

/// <summary>
/// When a job had to fire, found out a second time: a walk along local time, by the zone's offsets and the expression's sets of values. It shares no code with the planner that it judges.
/// Pure; costs what it yields and a few steps a day.
/// </summary>
internal sealed class FireTimeOracle
{
    // Further back than clocks were ever put back: what a period's beginning repeats must be known.
    private static readonly TimeSpan Before = TimeSpan.FromDays(2);

    private readonly OracleExpression _expression;
    private readonly TimeZoneInfo _zone;
    private readonly DateTime _startsAt;
    private readonly DateTime _endsAt;
    private readonly bool _makesUp;
    private readonly DstOverlap _overlap;

    /// <exception cref="FormatException">The expression can't be read.</exception>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know the zone.</exception>
    public FireTimeOracle(JobSpec spec, JobId jobId)
    {
        _expression = OracleExpression.Read(spec.Time, jobId.Value);
        _zone = TimeZoneInfo.FindSystemTimeZoneById(spec.Timezone);
        _startsAt = Later(spec.StartsAt?.UtcDateTime, DateTime.UnixEpoch);
        _endsAt = Earlier(spec.EndsAt?.UtcDateTime, new DateTime(2400, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        _makesUp = spec.DstGap == DstGap.Shift;
        _overlap = spec.DstOverlap != DstOverlap.Auto ? spec.DstOverlap : _expression.IsInterval ? DstOverlap.Both : DstOverlap.First;
    }

    /// <summary>The fire times in (after, to], ascending.</summary>
    public IEnumerable<DateTimeOffset> Between(DateTimeOffset afterExclusive, DateTimeOffset toInclusive)
    {
        var first = Later(afterExclusive.UtcDateTime.AddTicks(1), _startsAt);
        var last = Earlier(toInclusive.UtcDateTime, _endsAt.AddTicks(-1));
        if (first > last)
        {
            yield break;
        }

        var begin = first - DateTime.MinValue < Before * 2 ? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc).AddDays(2) : first - Before;
        var (seen, previous) = (DateTime.MinValue, default(OracleStretch?));
        foreach (var next in OracleStretch.Of(_zone, begin, last + Before).Select(stretch => (OracleStretch?)stretch).Append(null))
        {
            if (previous is { } stretch)
            {
                foreach (var utc in In(stretch, next, seen, first))
                {
                    if (utc > last)
                    {
                        yield break;
                    }

                    if (utc >= first)
                    {
                        yield return new DateTimeOffset(utc);
                    }
                }

                seen = stretch.LocalEnd > seen ? stretch.LocalEnd : seen;
            }
            else if (next is { } whole)
            {
                seen = whole.LocalStart;
            }

            previous = next;
        }
    }

    /// <param name="stretch">Where to look.</param>
    /// <param name="next">The one after it.</param>
    /// <param name="seen">Local times before this one have been there already.</param>
    /// <param name="first">What lies before this instant is not asked for.</param>
    private IEnumerable<DateTime> In(OracleStretch stretch, OracleStretch? next, DateTime seen, DateTime first)
    {
        var madeUp = _makesUp && stretch.LocalStart > seen && stretch.Start >= first && Locals(seen, stretch.LocalStart).Any();
        if (madeUp)
        {
            yield return stretch.Start;
        }

        var from = first > stretch.Start ? first + stretch.Offset : stretch.LocalStart;
        foreach (var local in Locals(from, stretch.LocalEnd))
        {
            var isRepeat = local < seen;
            var comesAgain = !isRepeat && next is { } after && local >= after.LocalStart && local < after.LocalEnd;
            var fires = _overlap switch
            {
                DstOverlap.First => !isRepeat,
                DstOverlap.Second => !comesAgain,
                _ => true,
            };
            if (fires && !(madeUp && local == stretch.LocalStart))
            {
                yield return local - stretch.Offset;
            }
        }
    }

    /// <summary>The local times in [from, to) that the expression asks for.</summary>
    private IEnumerable<DateTime> Locals(DateTime from, DateTime to)
    {
        for (var day = DateOnly.FromDateTime(from); day <= DateOnly.FromDateTime(to); day = day.AddDays(1))
        {
            if (!_expression.HasDay(day))
            {
                continue;
            }

            var midnight = day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
            var earliest = from > midnight ? (int)Math.Ceiling((from - midnight).TotalSeconds) : 0;
            foreach (var second in _expression.TimesOfDay.From(earliest))
            {
                if (midnight.AddSeconds(second) is var local && local < to)
                {
                    yield return local;
                }
                else
                {
                    yield break;
                }
            }
        }
    }

    private static DateTime Later(DateTime? a, DateTime b) => a > b ? a.Value : b;

    private static DateTime Earlier(DateTime? a, DateTime b) => a < b ? a.Value : b;
}

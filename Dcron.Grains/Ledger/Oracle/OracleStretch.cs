namespace Dcron.Grains.Ledger.Oracle;

/// <summary>A stretch of time in which a zone's clocks run evenly.</summary>
/// <param name="Start">Its first instant, UTC.</param>
/// <param name="End">The first instant after it.</param>
/// <param name="Offset">Local time less UTC.</param>
internal readonly record struct OracleStretch(DateTime Start, DateTime End, TimeSpan Offset)
{
    public DateTime LocalStart => Start + Offset;

    public DateTime LocalEnd => End + Offset;

    /// <summary>The stretches of a period, from the offsets that the time zone database has for its instants.</summary>
    public static IEnumerable<OracleStretch> Of(TimeZoneInfo zone, DateTime from, DateTime to)
    {
        var start = from;
        var offset = zone.GetUtcOffset(start);
        for (var at = from; at < to;)
        {
            var next = at.AddHours(3) < to ? at.AddHours(3) : to;
            if (zone.GetUtcOffset(next) is var then && then != offset)
            {
                next = Change(zone, at, next, offset);
                yield return new OracleStretch(start, next, offset);
                (start, offset) = (next, zone.GetUtcOffset(next));
            }

            at = next;
        }

        yield return new OracleStretch(start, to.AddTicks(1), offset);
    }

    // The first whole second with another offset.
    private static DateTime Change(TimeZoneInfo zone, DateTime before, DateTime after, TimeSpan offset)
    {
        var (low, high) = (before.Ticks / TimeSpan.TicksPerSecond, after.Ticks / TimeSpan.TicksPerSecond);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = zone.GetUtcOffset(new DateTime(middle * TimeSpan.TicksPerSecond, DateTimeKind.Utc)) == offset ? (middle, high) : (low, middle);
        }

        return new DateTime(high * TimeSpan.TicksPerSecond, DateTimeKind.Utc);
    }
}

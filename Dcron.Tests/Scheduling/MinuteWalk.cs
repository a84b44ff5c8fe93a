using System.Globalization;
using Dcron.Grains.Jobs;

namespace Dcron.Tests.Scheduling;

/// <summary>
/// The fire times of five-field expressions of lists, ranges and steps, found by walking through every minute and matching the fields: slow,
/// simple, and independent of everything that it judges.
/// </summary>
internal static class MinuteWalk
{
    public static List<DateTimeOffset> Between(
        string expression, TimeZoneInfo zone, DateTimeOffset after, DateTimeOffset to, DstGap gap = DstGap.Shift, DstOverlap overlap = DstOverlap.Auto)
    {
        var fields = expression.Split(' ');
        var isInterval = fields[..2].Any(field => field.AsSpan().ContainsAny('*', '-', '/'));
        var rule = overlap != DstOverlap.Auto ? overlap : isInterval ? DstOverlap.Both : DstOverlap.First;
        var (minutes, hours, days, months) = (Values(fields[0], 0, 59), Values(fields[1], 0, 23), Values(fields[2], 1, 31), Values(fields[3], 1, 12));
        var weekdays = Values(fields[4], 0, 7).Select(day => day % 7).ToHashSet();
        bool Matches(DateTime local) => minutes.Contains(local.Minute) && hours.Contains(local.Hour) && days.Contains(local.Day)
            && months.Contains(local.Month) && weekdays.Contains((int)local.DayOfWeek);

        var found = new List<DateTimeOffset>();
        var seen = new HashSet<DateTime>();
        var start = after.UtcDateTime.AddDays(-1.5);
        var utc = start.AddTicks(-(start.Ticks % TimeSpan.TicksPerMinute));
        var expected = utc + zone.GetUtcOffset(utc);
        for (; utc <= to.UtcDateTime; utc = utc.AddMinutes(1))
        {
            var local = utc + zone.GetUtcOffset(utc);
            var fires = Matches(local) && rule switch
            {
                DstOverlap.First => !seen.Contains(local),
                DstOverlap.Second => !ComesAgain(zone, utc, local),
                _ => true,
            };
            for (; expected < local; expected = expected.AddMinutes(1))
            {
                fires |= gap == DstGap.Shift && Matches(expected) && !seen.Contains(expected);
                seen.Add(expected);
            }

            seen.Add(local);
            expected = local.AddMinutes(1);
            if (fires && utc > after.UtcDateTime)
            {
                found.Add(new DateTimeOffset(utc, TimeSpan.Zero));
            }
        }

        return found;
    }

    // No zone changes twice within 25 hours, and no change repeats more than a day.
    private static bool ComesAgain(TimeZoneInfo zone, DateTime utc, DateTime local)
    {
        var later = local - zone.GetUtcOffset(utc.AddHours(25));
        return later > utc && later + zone.GetUtcOffset(later) == local;
    }

    private static HashSet<int> Values(string field, int first, int last)
    {
        var values = new HashSet<int>();
        foreach (var item in field.Split(','))
        {
            var parts = item.Split('/');
            var step = parts.Length == 2 ? Number(parts[1]) : 1;
            var ends = parts[0].Split('-');
            var low = parts[0] == "*" ? first : Number(ends[0]);
            var high = ends.Length == 2 ? Number(ends[1]) : parts.Length == 2 || parts[0] == "*" ? last : low;
            var size = (last == 7 ? 6 : last) - first + 1; // a range over the end of the week has Sunday once
            for (var value = low; value <= (high < low ? high + size : high); value += step)
            {
                values.Add(high < low ? first + ((value - first) % size) : value);
            }
        }

        return values;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>When a zone's offset changes, to the minute.</summary>
internal static class Transitions
{
    public static IEnumerable<DateTimeOffset> Of(TimeZoneInfo zone, int fromYear, int toYear)
    {
        var end = new DateTime(toYear, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (var hour = new DateTime(fromYear, 1, 1, 0, 0, 0, DateTimeKind.Utc); hour < end; hour = hour.AddHours(12))
        {
            if (zone.GetUtcOffset(hour) == zone.GetUtcOffset(hour.AddHours(12)))
            {
                continue;
            }

            var at = hour;
            while (zone.GetUtcOffset(at) == zone.GetUtcOffset(hour))
            {
                at = at.AddMinutes(1);
            }

            yield return new DateTimeOffset(at, TimeSpan.Zero);
        }
    }
}

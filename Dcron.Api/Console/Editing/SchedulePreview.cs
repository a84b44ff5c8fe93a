using System.Globalization;
using Dcron.Api.Json;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scheduling;

namespace Dcron.Api.Console.Editing;

/// <summary>A fire time for people who choose a schedule.</summary>
/// <param name="Instant">When.</param>
/// <param name="Note">What the clocks did to it; null for nothing.</param>
public sealed record PreviewedTime(DateTimeOffset Instant, string? Note);

/// <summary>What a schedule means, or why it means nothing.</summary>
/// <param name="Description">In words; null when it can't be read.</param>
/// <param name="Zone">The job's zone; null when it is unknown.</param>
/// <param name="ClockChanges">The coming changes of the zone's clocks, each with what it does to this schedule.</param>
/// <param name="Error">What is wrong with the expression or the zone.</param>
public sealed record SchedulePreview(
    string? Description, TimeZoneInfo? Zone, IReadOnlyList<PreviewedTime> Times, IReadOnlyList<string> ClockChanges, string? Error)
{
    private const int Shown = 10;
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(366);

    /// <param name="time">The expression.</param>
    /// <param name="timezone">An IANA name.</param>
    /// <param name="seed">The job's id, where it has one: an <c>H</c> depends on it.</param>
    /// <param name="gapWord">What becomes of times that are left out; empty for the default.</param>
    /// <param name="overlapWord">What becomes of times that come twice; empty for the default.</param>
    /// <param name="now">From when on.</param>
    internal static SchedulePreview Of(string time, string timezone, string seed, string gapWord, string overlapWord, DateTimeOffset now)
    {
        _ = Words.TryParse<DstGap>(gapWord, out var gap);
        _ = Words.TryParse<DstOverlap>(overlapWord, out var overlap);
        if (!CronSchedule.TryParse(time, seed, out var schedule, out var error))
            return new SchedulePreview(null, null, [], [], time.Trim().Length == 0 ? null : $"This can't be read: {error.Message}.");
        if (!TimezoneName.TryFind(timezone.Trim().Length == 0 ? "UTC" : timezone, out var zone, out var unknown))
            return new SchedulePreview(CronDescription.Of(schedule), null, [], [], $"The time zone {unknown}");

        var times = new FireTimes(schedule, zone, gap: gap, overlap: overlap).Next(Shown, now);
        var transitions = Transitions(zone, now, now + Ahead).Take(2).ToList();
        return new SchedulePreview(
            CronDescription.Of(schedule),
            zone,
            [.. times.Select(instant => new PreviewedTime(instant, NoteOf(instant, schedule, transitions)))],
            [.. transitions.Select(transition => ChangeOf(transition, schedule, zone, gap, overlap))],
            null);
    }

    private static string? NoteOf(DateTimeOffset instant, CronSchedule schedule, IReadOnlyList<ZoneTransition> transitions)
    {
        var transition = transitions.FirstOrDefault(change => change.At == instant.UtcDateTime
            || (!change.IsGap && instant.UtcDateTime >= change.At - (change.Before - change.After) && instant.UtcDateTime < change.RepeatEnd));
        if (transition is null)
            return null;
        var local = Local(transition.At, transition.After);
        if (transition.IsGap && schedule.NextLocal(local, inclusive: true) == local)
            return null; // its time all the same
        if (transition.IsGap)
            return "the clocks go forward: stands in for the time that is left out";

        return instant.UtcDateTime < transition.At ? "the first of two such times" : "the second of two such times";
    }

    private static string ChangeOf(ZoneTransition change, CronSchedule schedule, TimeZoneInfo zone, DstGap gap, DstOverlap overlap)
    {
        var (before, after) = (Local(change.At, change.Before), Local(change.At, change.After));
        var (low, high) = change.IsGap ? (before, after) : (after, before);
        var affected = schedule.NextLocal(low.AddSeconds(-1), inclusive: false) is { } next && next < high;
        var day = before.ToString("ddd yyyy-MM-dd", CultureInfo.InvariantCulture);
        var clocks = string.Create(CultureInfo.InvariantCulture, $"{day}: the clocks of {zone.Id} go {(change.IsGap ? "forward" : "back")} from {before:HH:mm} to {after:HH:mm}. ");
        return clocks + (!affected ? "This schedule has no time in that hour."
            : change.IsGap ? gap == DstGap.Skip
                ? "What would fire in the hour that is left out does not fire that day."
                : "What would fire in the hour that is left out fires once, right after it."
            : "The hour comes twice, and this schedule fires in " + (overlap switch
            {
                DstOverlap.Second => "the second only.",
                DstOverlap.Both => "both.",
                DstOverlap.Auto when schedule.IsInterval => "both.",
                _ => "the first only.",
            }));
    }

    private static DateTime Local(DateTime utc, TimeSpan offset) => DateTime.SpecifyKind(utc + offset, DateTimeKind.Unspecified);

    private static IEnumerable<ZoneTransition> Transitions(TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to)
    {
        var table = ZoneTransitions.Of(zone);
        for (var at = from.UtcDateTime; table.FirstIn(at, to.UtcDateTime) is { } transition; at = transition.At)
            yield return transition;
    }
}

namespace Dcron.Api.Schedule;

/// <summary>What a schedule means.</summary>
/// <param name="Description">The expression in words.</param>
/// <param name="FireTimes">The next fire times, UTC.</param>
/// <param name="LocalTimes">The same with the zone's own offset.</param>
/// <param name="ClockChanges">The next times at which the zone's clocks change, within 400 days, and what the schedule does there.</param>
internal sealed record PreviewView(
    string Time,
    string Timezone,
    string Description,
    IReadOnlyList<DateTimeOffset> FireTimes,
    IReadOnlyList<string> LocalTimes,
    IReadOnlyList<ClockChangeView> ClockChanges);

/// <summary>A time at which clocks are changed.</summary>
/// <param name="At">First instant of the new time.</param>
/// <param name="Direction">forward or back.</param>
/// <param name="Minutes">By how much.</param>
/// <param name="FireTimesNearby">What fires from an hour before the local times that are left out or come twice to an hour after, in the zone's own time.</param>
/// <param name="More">True when there are more than are shown.</param>
internal sealed record ClockChangeView(DateTimeOffset At, string Direction, int Minutes, IReadOnlyList<string> FireTimesNearby, bool More);

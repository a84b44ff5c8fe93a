namespace Dcron.Api.Schedule;

/// <summary>What a schedule means.</summary>
/// <param name="Description">The expression in words.</param>
/// <param name="FireTimes">The next fire times, UTC.</param>
/// <param name="LocalTimes">The same with the zone's own offset.</param>
internal sealed record PreviewView(
    string Time,
    string Timezone,
    string Description,
    IReadOnlyList<DateTimeOffset> FireTimes,
    IReadOnlyList<string> LocalTimes);

using System.Globalization;
using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scheduling;

namespace Dcron.Api.Schedule;

/// <summary>What a schedule would do, before anybody relies on it.</summary>
internal static class ScheduleEndpoints
{
    private const int MostClockChanges = 2;
    private const int MostFireTimesNearby = 12;

    // Fire times just before and after, to show what the change itself does.
    private static readonly TimeSpan Margin = TimeSpan.FromHours(1);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/schedule/preview", Preview).WithTags("Schedule")
            .Describe("PreviewSchedule", "An expression in words, and its next fire times", Role.Viewer, Reach.Anybody)
            .WithQuery(ApiParameters.Preview).Answers<PreviewView>(200).Problems(400, 422);
    }

    private static IResult Preview(HttpContext context, TimeProvider time)
    {
        var query = new QueryReader(context.Request, "time", "timezone", "count", "from", "dst_gap", "dst_overlap");
        var (text, name, count) = (query.Text("time"), query.Text("timezone") ?? "UTC", query.Int("count", 1, 100, 5));
        if (text is null && !query.Errors.Any)
            query.Errors.AddMalformed("time", "is required: a cron expression such as 0 2 * * MON-FRI");
        CronSchedule? schedule = null;
        if (text is not null && !CronSchedule.TryParse(text, "", out schedule, out var error))
            query.Errors.Add("time", error.Message);
        if (!TimezoneName.TryFind(name, out var zone, out var unknown))
            query.Errors.Add("timezone", unknown);
        var (from, gap, overlap) = (query.Time("from") ?? time.GetUtcNow(), query.Word<DstGap>("dst_gap") ?? DstGap.Shift, query.Word<DstOverlap>("dst_overlap") ?? DstOverlap.Auto);
        if (query.Errors.Any || schedule is null || zone is null)
            return Problem.Invalid(query.Errors);

        var times = new FireTimes(schedule, zone, null, null, gap, overlap);
        var next = times.Next(count, from);
        return Answer.Json(
            new PreviewView(schedule.Text, name, CronDescription.Of(schedule), next, [.. next.Select(instant => Local(instant, zone))], ClockChanges(times, zone, from)),
            ApiJson.Shared.PreviewView);
    }

    private static List<ClockChangeView> ClockChanges(FireTimes times, TimeZoneInfo zone, DateTimeOffset from)
    {
        var changes = new List<ClockChangeView>();
        var transitions = ZoneTransitions.Of(zone);
        var (after, end) = (from.UtcDateTime, from.UtcDateTime < DateTime.MaxValue.AddDays(-800) ? from.UtcDateTime.AddDays(400) : from.UtcDateTime);
        while (changes.Count < MostClockChanges && transitions.FirstIn(after, end) is { } transition)
        {
            var at = new DateTimeOffset(transition.At);
            var around = transition.IsGap ? transition.After - transition.Before : transition.Before - transition.After;
            var near = times.Between(at - around - Margin, at + around + Margin).Take(MostFireTimesNearby + 1).ToList();
            changes.Add(new ClockChangeView(at, transition.IsGap ? "forward" : "back", (int)around.TotalMinutes,
                [.. near.Take(MostFireTimesNearby).Select(instant => Local(instant, zone))], near.Count > MostFireTimesNearby));
            after = transition.At;
        }

        return changes;
    }

    private static string Local(DateTimeOffset instant, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(instant, zone).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
}

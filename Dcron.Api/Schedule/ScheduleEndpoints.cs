using System.Globalization;
using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Scheduling;

namespace Dcron.Api.Schedule;

/// <summary>What a schedule would do, before anybody relies on it.</summary>
internal static class ScheduleEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/schedule/preview", Preview).WithTags("Schedule")
            .Describe("PreviewSchedule", "An expression in words, and its next fire times", Role.Viewer)
            .WithQuery(ApiParameters.Preview).Answers<PreviewView>(200).Problems(400, 422);
        api.MapGet("/verify", () => Problem.NotInThisVersion("the ledger's /verify")).WithTags("Schedule")
            .Describe("Verify", "Not in this version", Role.Viewer).Problems(501);
    }

    private static IResult Preview(HttpContext context, TimeProvider time)
    {
        var query = new QueryReader(context.Request, "time", "timezone", "count");
        var (text, name, count) = (query.Text("time"), query.Text("timezone") ?? "UTC", query.Int("count", 1, 100, 5));
        if (text is null && !query.Errors.Any)
            query.Errors.AddMalformed("time", "is required: a cron expression such as 0 2 * * MON-FRI");
        CronSchedule? schedule = null;
        if (text is not null && !CronSchedule.TryParse(text, "", out schedule, out var error))
            query.Errors.Add("time", error.Message);
        if (!TimezoneName.TryFind(name, out var zone, out var unknown))
            query.Errors.Add("timezone", unknown);
        if (query.Errors.Any || schedule is null || zone is null)
            return Problem.Invalid(query.Errors);

        var times = new FireTimes(schedule, zone).Next(count, time.GetUtcNow());
        var local = times.Select(instant => TimeZoneInfo.ConvertTime(instant, zone).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture));
        return Answer.Json(new PreviewView(schedule.Text, name, CronDescription.Of(schedule), times, [.. local]), ApiJson.Shared.PreviewView);
    }
}

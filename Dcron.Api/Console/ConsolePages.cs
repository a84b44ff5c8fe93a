using System.Globalization;
using Dcron.Api.Access;
using Dcron.Api.Console.Pages;
using Dcron.Api.Console.Reading;
using Dcron.Api.Json;
using Dcron.Api.Problems;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;

namespace Dcron.Api.Console;

/// <summary>The pages that show something. All that decides what one shows is in its address.</summary>
internal static class ConsolePages
{
    public static void Map(IEndpointRouteBuilder app)
    {
        Page(app, "/", Role.Viewer, async (HttpContext context, OverviewReader reader) =>
            ConsolePage.Of<OverviewPage>(context, new { Model = await reader.ReadAsync(Caller.ScopeOf(context.User), context.RequestAborted) }), Reach.Filtered);
        Page(app, "/jobs", Role.Viewer, JobsAsync, Reach.Filtered);
        Page(app, "/jobs/{job_id}", Role.Viewer, JobAsync);
        Page(app, "/jobs/{job_id}/delete", Role.Operator, DeleteAsync);
        Page(app, "/executions", Role.Viewer, ExecutionsAsync, Reach.Filtered);
        Page(app, "/executions/{execution_id}", Role.Viewer, ExecutionAsync);
        Page(app, "/workers", Role.Viewer, async (HttpContext context, WorkersReader reader) =>
            ConsolePage.Of<WorkersPage>(context, new { Model = await reader.ReadAsync(Caller.ScopeOf(context.User), context.RequestAborted) }), Reach.Filtered);
        Page(app, "/calendar", Role.Viewer, CalendarAsync, Reach.Filtered);
    }

    /// <param name="app">Where to map it.</param>
    /// <param name="pattern">Its address.</param>
    /// <param name="role">Who may see it.</param>
    /// <param name="handler">What it shows.</param>
    /// <param name="reach">How it keeps to namespaces, where no job and no execution is in its address.</param>
    public static void Page(IEndpointRouteBuilder app, string pattern, Role role, Delegate handler, Reach reach = Reach.Cluster) =>
        app.MapGet(pattern, handler).RequireAuthorization(Words.Of(role)).WithMetadata(new ReachOf(reach)).ExcludeFromDescription();

    private static async Task<IResult> JobsAsync(HttpContext context, JobsReader reader)
    {
        var filter = new JobsFilter(Text(context, "name"), Text(context, "label"), Text(context, "state"), Text(context, "namespace"));
        try
        {
            return ConsolePage.Of<JobsPage>(context, new { Model = await reader.ReadAsync(filter, Caller.ScopeOf(context.User), Text(context, "cursor"), context.RequestAborted) });
        }
        catch (FormatException)
        {
            return ConsolePage.SeeOther("/jobs");
        }
    }

    private static async Task<IResult> JobAsync(HttpContext context, string job_id, JobReader reader)
    {
        if (!JobId.TryParse(job_id, out var jobId))
            return Problem.NoSuchJob(job_id);

        var result = Words.TryParse<ExecutionResult>(Text(context, "result"), out var parsed) ? parsed : (ExecutionResult?)null;
        try
        {
            return await reader.ReadAsync(jobId, result, Text(context, "cursor"), context.RequestAborted) is { } model
                ? ConsolePage.Of<JobPage>(context, new { Model = model })
                : Problem.NoSuchJob(job_id);
        }
        catch (Exception e) when (Text(context, "cursor") is not null && e is FormatException or ArgumentException)
        {
            return ConsolePage.SeeOther($"/jobs/{jobId}");
        }
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string job_id, IGrainFactory grains) =>
        await ConsoleActions.FindAsync(job_id, grains) is { } job
            ? ConsolePage.Of<DeleteJobPage>(context, new { Job = job })
            : Problem.NoSuchJob(job_id);

    private static async Task<IResult> ExecutionsAsync(HttpContext context, ExecutionReader reader)
    {
        var result = Words.TryParse<ExecutionResult>(Text(context, "result"), out var parsed) ? parsed : (ExecutionResult?)null;
        var zone = Viewer.Of(context).Zone;
        var (from, to) = (Text(context, "from"), Text(context, "to"));
        var (fromTime, toTime) = (TimeOf(from, zone), TimeOf(to, zone));
        var error = WhyNotPeriod(from, to, zone);
        try
        {
            var model = error is null
                ? await reader.ListAsync(result, fromTime, toTime, Caller.ScopeOf(context.User), Text(context, "cursor"), context.RequestAborted)
                : new ExecutionsModel(new ExecutionPage([], null), new Dictionary<JobId, string>(), result, null, null, null, true);
            return ConsolePage.Of<ExecutionsPage>(context, new { Model = model with { From = from, To = to, Error = error } });
        }
        catch (Exception e) when (Text(context, "cursor") is not null && e is FormatException or ArgumentException)
        {
            return ConsolePage.SeeOther("/executions");
        }
    }

    private static async Task<IResult> ExecutionAsync(HttpContext context, string execution_id, ExecutionReader reader) =>
        ExecutionId.TryParse(execution_id, out var executionId) && await reader.ReadAsync(executionId, context.RequestAborted) is { } model
            ? ConsolePage.Of<ExecutionDetailPage>(context, new { Model = model })
            : Problem.NoSuchExecution(execution_id);

    private static async Task<IResult> CalendarAsync(HttpContext context, Forecaster forecaster, IGrainFactory grains)
    {
        var workers = await grains.GetGrain<ILeaderGrain>(0).GetWorkers();
        return ConsolePage.Of<CalendarPage>(context, new
        {
            Forecast = forecaster.Look(Caller.ScopeOf(context.User)),
            Slots = workers.Sum(worker => worker.Slots),
            ByLoad = Text(context, "by") == "load",
            At = TimeOf(Text(context, "at"), TimeZoneInfo.Utc),
        });
    }

    /// <summary>A time as people write it: without an offset it is meant in the zone that the page shows.</summary>
    internal static DateTimeOffset? TimeOf(string? text, TimeZoneInfo zone)
    {
        if (text is null)
            return null;
        if (Requests.Rfc3339.TryParse(text, out var exact))
            return exact;

        string[] formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm:ss"];
        return DateTime.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)
            && local.Year is > 1 and < 9999 // so that it is a time in UTC, too
            ? new DateTimeOffset(local, zone.GetUtcOffset(local))
            : null;
    }

    /// <summary>What is wrong with a period as people write it; null for nothing.</summary>
    internal static string? WhyNotPeriod(string? from, string? to, TimeZoneInfo zone) =>
        (from is not null && TimeOf(from, zone) is null) || (to is not null && TimeOf(to, zone) is null)
            ? "A time is written like 2026-11-24, 2026-11-24T13:00 or 2026-11-24T13:00:00Z."
            : TimeOf(from, zone) >= TimeOf(to, zone) ? "The end must be after the beginning." : null;

    /// <summary>A parameter of the address; null where it is empty or too long.</summary>
    internal static string? Text(HttpContext context, string name) =>
        context.Request.Query[name].ToString().Trim() is { Length: > 0 and <= 1000 } text ? text : null;
}

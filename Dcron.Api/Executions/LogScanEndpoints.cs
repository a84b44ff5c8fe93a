using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;

namespace Dcron.Api.Executions;

/// <summary>Finds the way in a large log: where its lines are, and where a text is.</summary>
internal static class LogScanEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/executions/{execution_id}/log").WithTags("Executions");
        group.MapGet("/lines", LinesAsync)
            .Describe("GetLogLines", "How many line breaks stand in each block of a log: with a range of bytes, any line of a large log is found at once", Role.Viewer)
            .WithQuery(ApiParameters.LogLines).Answers<LogLines>(200).Problems(400, 404);
        group.MapGet("/search", SearchAsync)
            .Describe("SearchLog", "The lines of a log that contain a text, in any case; a large log is searched in several calls", Role.Viewer)
            .WithQuery(ApiParameters.LogSearch).Answers<LogMatches>(200).Problems(400, 404);
    }

    private static async Task<IResult> LinesAsync(HttpContext context, string execution_id, ExecutionFinder finder, Logs logs, LogScan scan)
    {
        var query = new QueryReader(context.Request, "from");
        var from = query.Int("from", 0, int.MaxValue, 0);
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);

        return await FindAsync(context, execution_id, finder, logs) switch
        {
            null => Problem.NoSuchExecution(execution_id),
            LogSource.None none => Problem.NoLog(execution_id, none.Why),
            var log => Answer.Json(await scan.CountLinesAsync(log, from, context.RequestAborted), ApiJson.Shared.LogLines),
        };
    }

    private static async Task<IResult> SearchAsync(HttpContext context, string execution_id, ExecutionFinder finder, Logs logs, LogScan scan)
    {
        var query = new QueryReader(context.Request, "q", "offset", "line");
        var (needle, offset, line) = (query.Text("q"), query.Long("offset", 0, long.MaxValue, 0), query.Long("line", 1, long.MaxValue, 1));
        if (needle is not { Length: > 0 and <= LogScan.LongestNeedle })
            query.Errors.AddMalformed("q", $"is the text to search for, of 1 to {LogScan.LongestNeedle} characters");
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);

        return await FindAsync(context, execution_id, finder, logs) switch
        {
            null => Problem.NoSuchExecution(execution_id),
            LogSource.None none => Problem.NoLog(execution_id, none.Why),
            var log => Answer.Json(await scan.SearchAsync(log, needle!, offset, line, context.RequestAborted), ApiJson.Shared.LogMatches),
        };
    }

    private static async Task<LogSource?> FindAsync(HttpContext context, string execution_id, ExecutionFinder finder, Logs logs) =>
        ExecutionId.TryParse(execution_id, out var id) && await finder.FindAsync(id, context.RequestAborted) is { } execution
            ? await logs.FindAsync(execution, context.RequestAborted)
            : null;
}

using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Executions;

/// <summary>What became of launches.</summary>
internal static class ExecutionEndpoints
{
    private const int CancelTries = 5;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(200);

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Executions");
        group.MapGet("/jobs/{job_id}/executions", ListOfJobAsync)
            .Describe("GetJobExecutions", "Executions of a job, newest first", Role.Viewer)
            .WithQuery(ApiParameters.ExecutionFilters)
            .Answers<IReadOnlyList<ExecutionView>>(200).Problems(400, 404);
        group.MapGet("/executions", ListAsync)
            .Describe("GetExecutions", "Executions of all jobs, newest first", Role.Viewer)
            .WithQuery(ApiParameters.ExecutionFilters)
            .Answers<IReadOnlyList<ExecutionView>>(200).Problems(400);
        group.MapGet("/executions/{execution_id}", GetAsync)
            .Describe("GetExecution", "One execution", Role.Viewer)
            .Answers<ExecutionView>(200).Problems(404);
        group.MapPost("/executions/{execution_id}/cancel", CancelAsync)
            .Describe("CancelExecution", "End a running execution, or drop a queued one", Role.Operator)
            .Answers<ExecutionView>(202).Problems(404, 409);
    }

    private static async Task<IResult> ListOfJobAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (!JobId.TryParse(job_id, out var id))
            return Problem.NoSuchJob(job_id);

        var query = QueryOf(context.Request, id, out var errors);
        if (errors.Any)
            return Problem.Invalid(errors);

        var job = grains.GetGrain<IJobGrain>(id.Value);
        ExecutionPage page;
        try
        {
            page = await job.GetExecutions(query);
        }
        catch (Exception e) when (query.Cursor is not null && e is FormatException or ArgumentException)
        {
            return Problem.MalformedCursor();
        }

        // The history of a deleted job stays readable; what never was is unknown.
        return page.Executions.Count == 0 && query.Cursor is null && await job.Get() is JobAnswer.Unknown
            ? Problem.NoSuchJob(job_id)
            : Page(context, page);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ExecutionHistory history)
    {
        var query = QueryOf(context.Request, null, out var errors);
        if (errors.Any)
            return Problem.Invalid(errors);

        try
        {
            return Page(context, await history.PageAsync(query, context.RequestAborted));
        }
        catch (Exception e) when (query.Cursor is not null && e is FormatException or ArgumentException)
        {
            return Problem.MalformedCursor();
        }
    }

    private static async Task<IResult> GetAsync(HttpContext context, string execution_id, ExecutionFinder finder) =>
        ExecutionId.TryParse(execution_id, out var id) && await finder.FindAsync(id, context.RequestAborted) is { } execution
            ? Answer.Json(ExecutionView.Of(execution), ApiJson.Shared.ExecutionView)
            : Problem.NoSuchExecution(execution_id);

    private static async Task<IResult> CancelAsync(HttpContext context, string execution_id, ExecutionFinder finder, IGrainFactory grains, TimeProvider time)
    {
        if (!ExecutionId.TryParse(execution_id, out var id))
            return Problem.NoSuchExecution(execution_id);

        var reason = $"Cancelled by {Caller.NameOf(context.User)} through the API.";
        for (var tries = 0; tries < CancelTries; tries++)
        {
            if (await finder.FindAsync(id, context.RequestAborted) is not { } execution)
                return Problem.NoSuchExecution(execution_id);
            if (execution.ExecutionResult.IsFinal())
                return Problem.ExecutionIsOver(execution_id, Words.Of(execution.ExecutionResult));

            var taken = execution.ExecutionResult == ExecutionResult.Queued
                ? await grains.GetGrain<IJobGrain>(id.JobId.Value).CancelQueued(id, reason)
                : await grains.GetGrain<IExecutionGrain>(ExecutionGrainKey.Of(execution.WorkerId!, id)).Cancel(reason);
            if (taken)
            {
                var now = await finder.FindAsync(id, context.RequestAborted) ?? execution;
                return Answer.Json(ExecutionView.Of(now), ApiJson.Shared.ExecutionView, StatusCodes.Status202Accepted);
            }

            // It went on between the look and the call: from queued to running, or from running to its end.
            await Task.Delay(BetweenTries, time, context.RequestAborted);
        }

        return Problem.ExecutionIsEnding(execution_id);
    }

    private static Answer<IReadOnlyList<ExecutionView>> Page(HttpContext context, ExecutionPage page)
    {
        NextLink.Add(context, page.Next);
        return Answer.Json<IReadOnlyList<ExecutionView>>([.. page.Executions.Select(ExecutionView.Of)], ApiJson.Shared.IReadOnlyListExecutionView);
    }

    private static GetJobExecutions QueryOf(HttpRequest request, JobId? job, out FieldErrors errors)
    {
        var reader = new QueryReader(request, "limit", "cursor", "result", "from", "to");
        errors = reader.Errors;
        var query = new GetJobExecutions(
            job,
            reader.Word<ExecutionResult>("result"),
            reader.Time("from"),
            reader.Time("to"),
            reader.Int("limit", 1, 500, 100),
            reader.Text("cursor"));
        if (query.From >= query.To)
            errors.Add("to", "must be after from");
        return query;
    }
}

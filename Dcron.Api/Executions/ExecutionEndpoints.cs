using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Executions;

/// <summary>What became of launches.</summary>
internal static class ExecutionEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Executions");
        group.MapGet("/jobs/{job_id}/executions", ListOfJobAsync)
            .Describe("GetJobExecutions", "Executions of a job, newest first", Role.Viewer)
            .WithQuery(ApiParameters.ExecutionFilters)
            .Answers<IReadOnlyList<ExecutionView>>(200).Problems(400, 404);
        group.MapGet("/executions", ListAsync)
            .Describe("GetExecutions", "Executions of all jobs, newest first", Role.Viewer, Reach.Filtered)
            .WithQuery([.. ApiParameters.ExecutionFilters, .. ApiParameters.Namespace])
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

    private static async Task<IResult> GetAsync(HttpContext context, string execution_id, ExecutionFinder finder, JobVersions versions, IGrainFactory grains)
    {
        if (!ExecutionId.TryParse(execution_id, out var id) || await finder.FindAsync(id, context.RequestAborted) is not { } execution)
            return Problem.NoSuchExecution(execution_id);

        // Arguments may be large, and are those of its version: they are kept there, once.
        var job = execution.JobVersion is null ? null : (await grains.GetGrain<IJobGrain>(id.JobId.Value).Get() as JobAnswer.Found)?.Job;
        var version = execution.JobVersion is { } number ? await versions.FindAsync(id.JobId, job, number, context.RequestAborted) : null;
        return Answer.Json(ExecutionView.Of(execution) with { Args = version?.Spec.Args }, ApiJson.Shared.ExecutionView);
    }

    private static async Task<IResult> CancelAsync(HttpContext context, string execution_id, ExecutionFinder finder, ExecutionCanceller canceller)
    {
        if (!ExecutionId.TryParse(execution_id, out var id))
            return Problem.NoSuchExecution(execution_id);

        if (await finder.FindAsync(id, context.RequestAborted) is { } execution && !execution.ExecutionResult.IsFinal())
            await AuditTrail.Of(context).BeginAsync(new AuditTarget($"execution:{id}", Namespaces.FromStored(execution.Namespace)));
        return await canceller.CancelAsync(id, $"Cancelled by {Caller.NameOf(context.User)} through the API.", context.RequestAborted) switch
        {
            Cancellation.Taken taken => Answer.Json(ExecutionView.Of(taken.Execution), ApiJson.Shared.ExecutionView, StatusCodes.Status202Accepted),
            Cancellation.NoSuchExecution => Problem.NoSuchExecution(execution_id),
            Cancellation.Over over => Problem.ExecutionIsOver(execution_id, Words.Of(over.Result)),
            Cancellation.Ending => Problem.ExecutionIsEnding(execution_id),
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
    }

    private static Answer<IReadOnlyList<ExecutionView>> Page(HttpContext context, ExecutionPage page)
    {
        NextLink.Add(context, page.Next);
        return Answer.Json<IReadOnlyList<ExecutionView>>([.. page.Executions.Select(ExecutionView.Of)], ApiJson.Shared.IReadOnlyListExecutionView);
    }

    private static GetJobExecutions QueryOf(HttpRequest request, JobId? job, out FieldErrors errors)
    {
        string[] filters = ["limit", "cursor", "result", "from", "to"];
        var reader = new QueryReader(request, job is null ? [.. filters, "namespace"] : filters);
        errors = reader.Errors;
        var query = new GetJobExecutions(
            job,
            reader.Word<ExecutionResult>("result"),
            reader.Time("from"),
            reader.Time("to"),
            reader.Int("limit", 1, 500, 100),
            reader.Text("cursor"),
            job is null ? reader.Namespaces(request.HttpContext) : null);
        if (query.From >= query.To)
            errors.Add("to", "must be after from");
        return query;
    }
}

using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Idempotency;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Executions;

/// <summary>The same again: bytes, arguments and environment of one execution.</summary>
internal static class RerunEndpoint
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGroup("").WithTags("Executions").MapPost("/executions/{execution_id}/rerun", RerunAsync)
            .Describe("RerunExecution", "Run the same script, arguments and environment again, as a manual run", Role.Operator)
            .Answers<StartedView>(202).Problems(404, 409);

    private static async Task<IResult> RerunAsync(HttpContext context, string execution_id, IGrainFactory grains, JobNamespaces jobs)
    {
        if (!ExecutionId.TryParse(execution_id, out var id))
            return Problem.NoSuchExecution(execution_id);

        await AuditTrail.Of(context).BeginAsync(new AuditTarget($"execution:{id}", await jobs.FindAsync(id.JobId, context.RequestAborted)));
        switch (await grains.GetGrain<IJobGrain>(id.JobId.Value).Rerun(id, IdempotentRequest.Of(context)?.KeyHash))
        {
            case RerunAnswer.Planned { ExecutionId: var planned }:
                context.Response.Headers.Location = $"{context.Request.PathBase}{ApiPaths.Root}/executions/{Uri.EscapeDataString(planned.ToString())}";
                return Answer.Json(new StartedView(planned.ToString(), id.JobId.Value), ApiJson.Shared.StartedView, StatusCodes.Status202Accepted);
            case RerunAnswer.Unknown:
                return Problem.NoSuchExecution(execution_id);
            case RerunAnswer.Impossible { Reason: var reason }:
                return Problem.NoRerun(reason);
            case var other:
                throw new System.Diagnostics.UnreachableException($"{other}");
        }
    }
}

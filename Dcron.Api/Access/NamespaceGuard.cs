using Dcron.Api.Problems;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Access;

/// <summary>
/// Keeps a caller who is limited to some namespaces within them: whatever has a job in its address is asked for here, before any handler, and is
/// not there for others. What can't be told to keep to namespaces is refused.
/// </summary>
internal sealed class NamespaceGuard(RequestDelegate next, JobNamespaces jobs)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (await RefusalAsync(context) is { } refusal)
            await refusal.ExecuteAsync(context);
        else
            await next(context);
    }

    private async ValueTask<ProblemResult?> RefusalAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint || Caller.RoleOf(context.User) is null || Caller.ScopeOf(context.User) is not { IsAll: false } scope)
            return null;

        if (context.Request.RouteValues.TryGetValue("job_id", out var job))
            return JobId.TryParse(job as string, out var id) && await IsOursAsync(id, scope, context) ? null : Problem.NoSuchJob($"{job}");
        if (context.Request.RouteValues.TryGetValue("execution_id", out var execution))
            return ExecutionId.TryParse(execution as string, out var id) && await IsOursAsync(id.JobId, scope, context) ? null : Problem.NoSuchExecution($"{execution}");

        return endpoint.Metadata.GetMetadata<ReachOf>() is { Reach: not Reach.Cluster } ? null : Problem.WholeCluster(scope);
    }

    private async ValueTask<bool> IsOursAsync(JobId id, NamespaceScope scope, HttpContext context) =>
        await jobs.FindAsync(id, context.RequestAborted) is { } name && scope.Allows(name);
}

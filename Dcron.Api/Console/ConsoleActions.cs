using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console.SignIn;
using Dcron.Api.Executions;
using Dcron.Api.Jobs;
using Dcron.Api.Json;
using Dcron.Api.Problems;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;

namespace Dcron.Api.Console;

/// <summary>
/// What the console's buttons do. Each answers a page to go on to, so that reloading does nothing twice. A form of another site can't do any of it:
/// its session's cookie stays behind, and <see cref="BrowserGuard"/> refuses it also where no key is asked for. The audit has the same of it as of the API's calls.
/// </summary>
internal static class ConsoleActions
{
    public static void Map(IEndpointRouteBuilder app)
    {
        Action(app, "/console/jobs/{job_id}/run", Role.Operator, "run_job", RunAsync);
        Action(app, "/console/jobs/{job_id}/pause", Role.Operator, "pause_job", (HttpContext context, string job_id, IGrainFactory grains) => SetEnabledAsync(context, job_id, false, grains));
        Action(app, "/console/jobs/{job_id}/resume", Role.Operator, "resume_job", (HttpContext context, string job_id, IGrainFactory grains) => SetEnabledAsync(context, job_id, true, grains));
        Action(app, "/console/jobs/{job_id}/delete", Role.Operator, "delete_job", DeleteAsync);
        Action(app, "/console/executions/{execution_id}/cancel", Role.Operator, "cancel_execution", CancelAsync);
        Action(app, "/console/executions/{execution_id}/rerun", Role.Operator, "rerun_execution", RerunAsync);
        Action(app, "/console/workers/{worker_id}/drain", Role.Admin, "drain_worker", (HttpContext context, string worker_id, IGrainFactory grains) => WorkerAsync(context, worker_id, WorkerState.Draining, grains));
        Action(app, "/console/workers/{worker_id}/undrain", Role.Admin, "undrain_worker", (HttpContext context, string worker_id, IGrainFactory grains) => WorkerAsync(context, worker_id, WorkerState.Active, grains));
    }

    /// <param name="app">Where to map it.</param>
    /// <param name="pattern">Its address.</param>
    /// <param name="role">Who may press it.</param>
    /// <param name="auditedAs">The call of the API that does the same.</param>
    /// <param name="handler">What it does.</param>
    /// <param name="reach">How it keeps to namespaces, where no job and no execution is in its address.</param>
    public static void Action(IEndpointRouteBuilder app, string pattern, Role role, string auditedAs, Delegate handler, Reach reach = Reach.Cluster) =>
        app.MapPost(pattern, handler).RequireAuthorization(Words.Of(role)).WithMetadata(new ReachOf(reach), new AuditedAs(auditedAs)).ExcludeFromDescription();

    /// <summary>The job of an address; null when there is none.</summary>
    public static async Task<JobDocument?> FindAsync(string job_id, IGrainFactory grains) =>
        JobId.TryParse(job_id, out var id) && await grains.GetGrain<IJobGrain>(id.Value).Get() is JobAnswer.Found { Job: var job } ? job : null;

    private static async Task<IResult> RunAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (await FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);

        await AuditTrail.Of(context).BeginAsync(AuditTarget.Job(job.JobId, job.Spec.InNamespace));
        return await grains.GetGrain<IJobGrain>(job.JobId.Value).Run(null) is { } execution ? ConsolePage.SeeOther(Shown.LinkTo(execution)) : Problem.NoSuchJob(job_id);
    }

    private static async Task<IResult> SetEnabledAsync(HttpContext context, string job_id, bool enabled, IGrainFactory grains)
    {
        if (await FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);

        await JobEndpoints.AuditAsync(context, job.JobId, job.Spec, job.Spec with { Enabled = enabled });
        return await grains.GetGrain<IJobGrain>(job.JobId.Value).SetEnabled(enabled) is JobAnswer.Found
            ? ConsolePage.SeeOther(Back(context, $"/jobs/{job.JobId}", $"done={(enabled ? "resumed" : "paused")}&job={job.JobId}"))
            : Problem.NoSuchJob(job_id);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (await FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);

        await JobEndpoints.AuditAsync(context, job.JobId, job.Spec, null);
        return await grains.GetGrain<IJobGrain>(job.JobId.Value).Delete() ? ConsolePage.SeeOther("/jobs?done=deleted") : Problem.NoSuchJob(job_id);
    }

    private static async Task<IResult> CancelAsync(HttpContext context, string execution_id, ExecutionCanceller canceller, JobNamespaces namespaces)
    {
        if (!ExecutionId.TryParse(execution_id, out var executionId))
            return Problem.NoSuchExecution(execution_id);

        await AuditTrail.Of(context).BeginAsync(await TargetOfAsync(executionId, namespaces, context));
        return await canceller.CancelAsync(executionId, $"Cancelled by {Caller.NameOf(context.User)} in the console.", context.RequestAborted) switch
        {
            Cancellation.NoSuchExecution => Problem.NoSuchExecution(execution_id),
            Cancellation.Taken => ConsolePage.SeeOther($"{Shown.LinkTo(executionId)}?done=cancelled"),
            _ => ConsolePage.SeeOther($"{Shown.LinkTo(executionId)}?done=over"),
        };
    }

    private static async Task<IResult> RerunAsync(HttpContext context, string execution_id, IGrainFactory grains, JobNamespaces namespaces)
    {
        if (!ExecutionId.TryParse(execution_id, out var executionId))
            return Problem.NoSuchExecution(execution_id);

        await AuditTrail.Of(context).BeginAsync(await TargetOfAsync(executionId, namespaces, context));
        return await grains.GetGrain<IJobGrain>(executionId.JobId.Value).Rerun(executionId, null) switch
        {
            RerunAnswer.Planned { ExecutionId: var planned } => ConsolePage.SeeOther($"{Shown.LinkTo(planned)}?done=rerun"),
            RerunAnswer.Impossible { Reason: var reason } => Problem.NoRerun(reason),
            _ => Problem.NoSuchExecution(execution_id),
        };
    }

    private static async Task<IResult> WorkerAsync(HttpContext context, string id, WorkerState state, IGrainFactory grains)
    {
        if ((await grains.GetGrain<ILeaderGrain>(0).GetWorkers()).FirstOrDefault(worker => worker.WorkerId == id) is not { } known)
            return Problem.NotFound($"There is no worker '{id}' that reports.");

        var grain = grains.GetGrain<IWorkerGrain>(id);
        await AuditTrail.Of(context).BeginAsync(AuditTarget.Worker(id), new AuditedWorker(Words.Of(known.State)), new AuditedWorker(Words.Of(state)), ApiJson.Shared.AuditedWorker);
        await (state == WorkerState.Draining ? grain.Drain() : grain.Undrain());
        await grains.GetGrain<ILeaderGrain>(0).Report(await grain.Describe()); // so that the page shows it at once
        return ConsolePage.SeeOther($"/workers?done={(state == WorkerState.Draining ? "drained" : "undrained")}");
    }

    private static async Task<AuditTarget> TargetOfAsync(ExecutionId id, JobNamespaces namespaces, HttpContext context) =>
        new($"execution:{id}", await namespaces.FindAsync(id.JobId, context.RequestAborted));

    /// <summary>Where the button was, with word of what was done.</summary>
    private static string Back(HttpContext context, string otherwise, string done)
    {
        var back = SignInEndpoints.SafeReturn(context.Request.Query["back"]);
        if (back == "/")
            back = otherwise;
        return $"{back}{(back.Contains('?') ? '&' : '?')}{done}";
    }
}

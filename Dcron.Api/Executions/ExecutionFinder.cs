using Dcron.Api.Workers;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;

namespace Dcron.Api.Executions;

/// <summary>Finds an execution wherever it is: in the history, or still owed by its job.</summary>
internal sealed class ExecutionFinder(ExecutionHistory history, IGrainFactory grains)
{
    /// <returns>Null when there is none.</returns>
    public async ValueTask<ExecutionDocument?> FindAsync(ExecutionId id, CancellationToken cancellationToken)
    {
        if (await history.GetAsync(id, cancellationToken) is { } recorded)
            return recorded;

        if (await grains.GetGrain<IJobGrain>(id.JobId.Value).Get() is not JobAnswer.Found { Job: var job })
            return null;

        if (job.Open.FirstOrDefault(open => open.Launch.ExecutionId == id) is { } owed)
        {
            // Between the two looks a worker may have claimed it: what is recorded counts.
            return await history.GetAsync(id, cancellationToken) ?? QueuedExecution.Of(owed) with { Reason = await WhyItWaitsAsync(owed.Launch) };
        }

        return job.Unrecorded.FirstOrDefault(passed => passed.ExecutionId == id) is { } instant
            ? Passed(instant, job)
            : await history.GetAsync(id, cancellationToken);
    }

    /// <returns>Null where some worker can contain it, be it busy or not.</returns>
    private async Task<string?> WhyItWaitsAsync(ExecuteJob launch)
    {
        var workers = await grains.GetGrain<ILeaderGrain>(0).GetWorkers();
        return Uncontainable.Why(workers, launch.Limits, launch.Network) is { } why ? $"No worker can contain it as its job wants: {why}." : null;
    }

    private static ExecutionDocument Passed(PassedInstant instant, JobDocument job) => new()
    {
        ExecutionId = instant.ExecutionId,
        JobId = instant.ExecutionId.JobId,
        ExecutionDate = instant.ExecutionId.FireTime,
        ExecutionResult = instant.Result,
        Reason = instant.Reason,
        Attempt = instant.ExecutionId.Attempt,
        Trigger = ExecutionTrigger.Schedule,
        Namespace = job.Spec.Namespace,
    };
}

using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;

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
            return await history.GetAsync(id, cancellationToken) ?? QueuedExecution.Of(owed);
        }

        return job.Unrecorded.FirstOrDefault(passed => passed.ExecutionId == id) is { } instant
            ? Passed(instant)
            : await history.GetAsync(id, cancellationToken);
    }

    private static ExecutionDocument Passed(PassedInstant instant) => new()
    {
        ExecutionId = instant.ExecutionId,
        JobId = instant.ExecutionId.JobId,
        ExecutionDate = instant.ExecutionId.FireTime,
        ExecutionResult = instant.Result,
        Reason = instant.Reason,
        Attempt = instant.ExecutionId.Attempt,
        Trigger = ExecutionTrigger.Schedule,
    };
}

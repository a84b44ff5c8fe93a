using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Grains.Leading;

/// <summary>
/// Closes what workers that are certainly gone have left running, whether a job still looks after it or not, so that nothing stays
/// <c>running</c> for ever: a job may have been deleted, or its document restored from an older copy.
/// </summary>
internal sealed class LostSweep(ExecutionHistory history, WorkerLiveness liveness, IGrainFactory grains, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    /// <returns>How many executions it closed.</returns>
    public async ValueTask<int> RunAsync()
    {
        var closed = 0;
        foreach (var (id, workerId) in await history.RunningAsync())
        {
            if (!liveness.IsMember(workerId) && await CloseAsync(id) is { } lost)
            {
                closed++;
                await grains.GetGrain<IJobGrain>(id.JobId.Value).Finished(id, ExecutionEnd.Of(lost));
            }
        }

        return closed;
    }

    private async ValueTask<ExecutionDocument?> CloseAsync(ExecutionId id)
    {
        if (await history.FindAsync(id) is not { Execution: { ExecutionResult: ExecutionResult.Running, WorkerId: not null } running } stored
            || liveness.TimeToCertainty(running) != TimeSpan.Zero)
        {
            return null;
        }

        var lost = LostExecution.Of(running, time.GetUtcNow());
        return await history.ReplaceAsync(lost, stored.Revision) is null ? null : lost;
    }
}

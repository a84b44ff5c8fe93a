using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;

namespace Dcron.Grains.Workers;

/// <summary>The face of its silo's <see cref="WorkerNode"/>.</summary>
[SiloPinned, Orleans.Concurrency.Reentrant]
internal sealed class WorkerGrain(WorkerNode node) : Grain, IWorkerGrain
{
    public async Task<ExecuteAnswer> Execute(ExecuteJob message)
    {
        var answer = await node.AcceptAsync(message);
        if (answer is ExecuteAnswer.Accepted)
        {
            // Not awaited: accepted follows the claim. Whatever becomes of the start is told by SAVE JOB STATUS.
            Start(message).Ignore();
        }

        return answer;
    }

    public Task<WorkerInfo> Describe() => Task.FromResult(node.Describe());

    public Task Drain()
    {
        node.Drain();
        return Task.CompletedTask;
    }

    public Task Undrain()
    {
        node.Undrain();
        return Task.CompletedTask;
    }

    private async Task Start(ExecuteJob launch)
    {
        try
        {
            await GrainFactory.GetGrain<IExecutionGrain>(ExecutionGrainKey.Of(node.WorkerId, launch.ExecutionId)).Start(launch);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // The grain is only the face; what is claimed here runs here, and beginning twice does nothing.
            node.Start(launch.ExecutionId);
        }
    }
}

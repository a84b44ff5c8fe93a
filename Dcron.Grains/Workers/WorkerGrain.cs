using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;

namespace Dcron.Grains.Workers;

/// <summary>The face of its silo's <see cref="WorkerNode"/>.</summary>
[SiloPinned, Orleans.Concurrency.Reentrant]
internal sealed class WorkerGrain(WorkerNode node) : Grain, IWorkerGrain
{
    public async Task<ExecuteAnswer> Execute(ExecuteJob message) => Started(message, await node.AcceptAsync(message));

    public async Task<ExecuteAnswer> ExecuteNext(ExecuteJob message) => Started(message, await node.AcceptNextAsync(message));

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

    private ExecuteAnswer Started(ExecuteJob launch, ExecuteAnswer answer)
    {
        if (answer is ExecuteAnswer.Accepted)
        {
            node.Start(launch.ExecutionId); // answers at once; whatever becomes of the start is told by SAVE JOB STATUS
        }

        return answer;
    }
}

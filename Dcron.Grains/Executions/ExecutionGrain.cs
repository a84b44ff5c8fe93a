using Dcron.Grains.Cluster;
using Dcron.Grains.Workers;
using Orleans.Concurrency;

namespace Dcron.Grains.Executions;

/// <summary>One execution's face: ends and shows what its silo's <see cref="WorkerNode"/> holds.</summary>
[SiloPinned, Reentrant, CollectionAgeLimit(Minutes = 2)]
internal sealed class ExecutionGrain(WorkerNode node) : Grain, IExecutionGrain
{
    private ExecutionId Id => ExecutionGrainKey.ExecutionIdOf(this.GetPrimaryKeyString());

    public Task<bool> Cancel(string reason) => Task.FromResult(node.Cancel(Id, reason));

    public Task<LogChunk> ReadLog(long offset, int maxBytes, TimeSpan wait) => node.ReadLogAsync(Id, offset, maxBytes, wait);
}

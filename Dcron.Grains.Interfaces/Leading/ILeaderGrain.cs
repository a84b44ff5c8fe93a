using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Workers;
using Orleans.Concurrency;

namespace Dcron.Grains.Leading;

/// <summary>
/// The one grain that keeps time and places launches; its key is 0. It is a hint, never a lock: a second one during a
/// partition costs refused writes, not a second launch.
/// </summary>
[Alias("dcron.ILeaderGrain")]
public interface ILeaderGrain : IGrainWithIntegerKey
{
    /// <summary>SAVE JOB STATUS.</summary>
    [Alias("save-job-status")]
    Task SaveJobStatus(SaveJobStatus message);

    /// <summary>A job wants to be woken at a time that may lie before the next poll.</summary>
    [Alias("hint")]
    Task Hint(JobId jobId, DateTimeOffset wakeAt);

    /// <summary>A worker tells what it is, every second or two. The first one also brings the leader up.</summary>
    [Alias("report")]
    Task Report(WorkerInfo worker);

    /// <summary>A script has ended and its slot is free, though its outcome is not stored yet. Only a hint; a lost one is made good by the next report.</summary>
    [Alias("slot-freed"), OneWay]
    Task SlotFreed(string workerId, ExecutionId executionId);

    /// <summary>A worker stops: offer it nothing more.</summary>
    [Alias("withdraw")]
    Task Withdraw(string workerId);

    [Alias("get-workers")]
    Task<IReadOnlyList<WorkerInfo>> GetWorkers();
}

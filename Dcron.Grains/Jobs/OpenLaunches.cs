using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs.Planning;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Grains.Jobs;

/// <summary>Finds out what became of a job's open launches, and drops or records what will not be launched.</summary>
internal sealed class OpenLaunches(ExecutionHistory history, WorkerLiveness liveness, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    private static readonly TimeSpan LongPast = TimeSpan.FromDays(28);

    /// <summary>Reads the documents of open launches, closing those whose worker is certainly gone.</summary>
    public async ValueTask<Settlement> SettleAsync(IReadOnlyList<OwedLaunch> open)
    {
        if (open.Count == 0)
        {
            return Settlement.Nothing;
        }

        var found = await history.FindManyAsync([.. open.Select(launch => launch.Launch.ExecutionId)]);
        var (ended, running) = (new List<ExecutionEnd>(), new Dictionary<ExecutionId, string?>());
        TimeSpan? nextLook = null;
        for (var i = 0; i < open.Count; i++)
        {
            if (found[i] is not { } stored)
            {
                var id = open[i].Launch.ExecutionId;
                if (await IsNotKeptAsync(id))
                {
                    ended.Add(new ExecutionEnd(id, ExecutionResult.Missed, null, id.FireTime)); // nobody can claim it any more
                }

                continue; // nobody has claimed it: still owed
            }

            var execution = stored.Execution;
            var left = execution.ExecutionResult.IsFinal() || execution.WorkerId is null ? null : liveness.TimeToCertainty(execution);
            if ((execution.ExecutionResult.IsFinal() ? execution : left == TimeSpan.Zero ? await CloseAsLost(stored) : null) is { } final)
            {
                ended.Add(ExecutionEnd.Of(final));
                continue;
            }

            running.Add(execution.ExecutionId, execution.WorkerId);
            nextLook = left is null || left > nextLook ? nextLook : left;
        }

        return new Settlement(ended, running, nextLook);
    }

    /// <summary>Drops launches that nobody has claimed: the first document wins.</summary>
    /// <returns>Those that will not run; the others are claimed already.</returns>
    public async ValueTask<IReadOnlyList<ExecutionId>> DropAsync(IReadOnlyList<OwedLaunch> launches, ExecutionResult result, string reason)
    {
        if (launches.Count == 0)
        {
            return [];
        }

        var now = time.GetUtcNow();
        var created = await history.CreateManyAsync([.. launches.Select(launch => SettledExecutions.DroppedDocument(launch, result, reason, now))]);
        return [.. launches.Where((_, i) => created[i]).Select(launch => launch.Launch.ExecutionId)];
    }

    /// <summary>Makes sure that every fire time which was decided against has its document.</summary>
    public async ValueTask RecordAsync(JobDocument job)
    {
        var now = time.GetUtcNow();
        await history.CreateManyAsync([.. job.Unrecorded.Select(passed => SettledExecutions.PassedDocument(passed, job, now))]);
    }

    // Only what is long past is worth a look at the stored horizon.
    private async ValueTask<bool> IsNotKeptAsync(ExecutionId id) =>
        id.FireTime < history.Horizon.Known || (id.FireTime < time.GetUtcNow() - LongPast && id.FireTime < await history.Horizon.ReadAsync());

    /// <summary>How an execution ended, as its document says; null while it has none, or one that is not final.</summary>
    public async ValueTask<ExecutionEnd?> EndOfAsync(ExecutionId id) =>
        await history.GetAsync(id) is { } execution && execution.ExecutionResult.IsFinal() ? ExecutionEnd.Of(execution) : null;

    /// <summary>The worker on which an execution runs; null where it does not.</summary>
    public async ValueTask<string?> WorkerOfAsync(ExecutionId id) =>
        await history.GetAsync(id) is { ExecutionResult: ExecutionResult.Running } execution ? execution.WorkerId : null;

    private async ValueTask<ExecutionDocument?> CloseAsLost(StoredExecution stored)
    {
        var lost = LostExecution.Of(stored.Execution, time.GetUtcNow());
        return await history.ReplaceAsync(lost, stored.Revision) is not null ? lost : null;
    }
}

/// <summary>What became of open launches. Those in neither list are owed.</summary>
/// <param name="Ended">Whose documents are final.</param>
/// <param name="Running">What runs, and on which worker.</param>
/// <param name="NextLook">Time until one whose worker is gone can be called lost; null when there is none.</param>
internal sealed record Settlement(IReadOnlyList<ExecutionEnd> Ended, IReadOnlyDictionary<ExecutionId, string?> Running, TimeSpan? NextLook)
{
    public static readonly Settlement Nothing = new([], new Dictionary<ExecutionId, string?>(), null);
}

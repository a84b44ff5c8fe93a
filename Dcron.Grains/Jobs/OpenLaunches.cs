using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs.Planning;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Grains.Jobs;

/// <summary>Finds out what became of a job's open launches, and drops or records what will not be launched.</summary>
internal sealed class OpenLaunches(ExecutionHistory history, WorkerLiveness liveness, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    /// <summary>Reads the documents of open launches, closing those whose worker is certainly gone.</summary>
    public async ValueTask<Settlement> SettleAsync(IReadOnlyList<OwedLaunch> open)
    {
        if (open.Count == 0)
        {
            return Settlement.Nothing;
        }

        var found = await history.FindManyAsync([.. open.Select(launch => launch.Launch.ExecutionId)]);
        var (finished, running) = (new List<ExecutionId>(), new HashSet<ExecutionId>());
        for (var i = 0; i < open.Count; i++)
        {
            var id = open[i].Launch.ExecutionId;
            if (found[i] is not { } stored)
            {
                continue; // nobody has claimed it: still owed
            }

            if (stored.Execution.ExecutionResult.IsFinal() || await ClosedAsLost(stored))
            {
                finished.Add(id);
            }
            else
            {
                running.Add(id);
            }
        }

        return new Settlement(finished, running);
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

    private async ValueTask<bool> ClosedAsLost(StoredExecution stored)
    {
        if (stored.Execution.WorkerId is not { } worker || !liveness.IsCertainlyGone(worker))
        {
            return false;
        }

        var lost = stored.Execution with
        {
            ExecutionResult = ExecutionResult.Lost,
            Reason = "The worker that ran it went away.",
            FinishedAt = time.GetUtcNow(),
            OpenOn = null,
        };
        return await history.ReplaceAsync(lost, stored.Revision) is not null;
    }
}

/// <summary>What became of open launches. Those in neither list are owed.</summary>
internal sealed record Settlement(IReadOnlyList<ExecutionId> Finished, IReadOnlySet<ExecutionId> Running)
{
    public static readonly Settlement Nothing = new([], new HashSet<ExecutionId>());
}

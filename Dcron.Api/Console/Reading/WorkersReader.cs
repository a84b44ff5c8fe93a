using Dcron.Api.Access;
using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;

namespace Dcron.Api.Console.Reading;

/// <param name="Running">What it holds of the viewer's namespaces, newest first.</param>
public sealed record WorkerRow(WorkerInfo Worker, IReadOnlyList<ExecutionDocument> Running);

public sealed record WorkersModel(IReadOnlyList<WorkerRow> Workers, IReadOnlyDictionary<JobId, string> Names);

/// <summary>Reads the workers and what runs on each.</summary>
internal sealed class WorkersReader(IGrainFactory grains, ExecutionHistory history, StoredJobs jobs)
{
    public async Task<WorkersModel> ReadAsync(NamespaceScope scope, CancellationToken cancellationToken)
    {
        var workers = await grains.GetGrain<ILeaderGrain>(0).GetWorkers();
        var rows = new List<WorkerRow>();
        foreach (var worker in workers.OrderBy(worker => worker.Host, StringComparer.Ordinal).ThenBy(worker => worker.WorkerId, StringComparer.Ordinal))
        {
            var held = await history.OpenOnAsync(worker.WorkerId, cancellationToken);
            rows.Add(new WorkerRow(worker, [.. held.Select(stored => stored.Execution).Where(execution => scope.Allows(Namespaces.FromStored(execution.Namespace))).OrderByDescending(execution => execution.ExecutionDate)]));
        }

        return new WorkersModel(rows, await jobs.TitlesAsync(rows.SelectMany(row => row.Running).Select(execution => execution.JobId), cancellationToken));
    }
}

using Dcron.Api.Access;
using Dcron.Api.Jobs;
using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;

namespace Dcron.Api.Console.Reading;

/// <summary>A launch that waits for a worker.</summary>
public sealed record OwedRow(ExecutionId ExecutionId, string Title, DateTimeOffset FireTime);

/// <summary>A fire time that comes.</summary>
public sealed record ComingRow(JobId JobId, string Title, string Description, DateTimeOffset FireTime);

/// <summary>What an operator wants to see first.</summary>
/// <param name="AnyJob">False on an empty system.</param>
/// <param name="Workers">Null while there is no leader to ask.</param>
/// <param name="ComingJobs">How many jobs fire within the hour; counted up to 10,000.</param>
public sealed record OverviewModel(
    bool AnyJob,
    IReadOnlyList<ExecutionDocument> Running,
    IReadOnlyList<ExecutionDocument> Unsuccessful,
    IReadOnlyList<OwedRow> Owed,
    IReadOnlyList<ComingRow> Coming,
    int ComingJobs,
    IReadOnlyList<WorkerInfo>? Workers,
    LastDay Day,
    IReadOnlyDictionary<JobId, string> Names);

/// <summary>Reads the overview: a handful of short index ranges, whatever the size of the history. A viewer who is limited to namespaces gets their part of each.</summary>
internal sealed class OverviewReader(ExecutionHistory history, StoredJobs jobs, JobOwners owners, DayCounter day, IGrainFactory grains, TimeProvider time)
{
    private const int Shown = 12;
    private const int MostOpen = 200;

    /// <summary>As much is looked through for the part that is in a viewer's namespaces.</summary>
    private const int MostLookedThrough = 10_000;

    private static readonly TimeSpan Ahead = TimeSpan.FromHours(1);

    /// <summary>A launch is handed out within milliseconds: one that waits for longer is worth a look.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);

    public async Task<OverviewModel> ReadAsync(NamespaceScope scope, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var running = await RunningAsync(scope, cancellationToken);
        var unsuccessful = await UnsuccessfulAsync(now.AddDays(-1), scope, cancellationToken);
        var (waking, count) = await WakingAsync(now, scope, cancellationToken);
        return new OverviewModel(
            scope.IsAll ? await jobs.AnyAsync(cancellationToken) : await owners.AnyAsync(scope, cancellationToken),
            running,
            unsuccessful,
            await OwedAsync(now, scope, cancellationToken),
            [.. waking.Where(job => job.Spec.Enabled && job.DeletedAt is null).SelectMany(job => ComingOf(job, now)).OrderBy(row => row.FireTime).Take(Shown)],
            count,
            await WorkersAsync(),
            await day.CountAsync(scope, cancellationToken),
            await jobs.TitlesAsync(running.Concat(unsuccessful).Select(execution => execution.JobId), cancellationToken));
    }

    private async Task<IReadOnlyList<ExecutionDocument>> RunningAsync(NamespaceScope scope, CancellationToken cancellationToken) => scope.IsAll
        ? await history.RunningAsync(Shown + 1, cancellationToken)
        : [.. (await history.RunningAsync(MostLookedThrough, cancellationToken)).Where(execution => scope.Allows(Namespaces.FromStored(execution.Namespace))).Take(Shown + 1)];

    private async Task<IReadOnlyList<ExecutionDocument>> UnsuccessfulAsync(DateTimeOffset from, NamespaceScope scope, CancellationToken cancellationToken)
    {
        if (scope.IsAll)
            return await history.UnsuccessfulAsync(from, Shown, cancellationToken);

        var found = new List<ExecutionDocument>();
        foreach (var result in Enum.GetValues<ExecutionResult>().Where(result => result.IsUnsuccessful()))
            found.AddRange((await history.PageAsync(new GetJobExecutions(null, result, from, Limit: Shown, Namespaces: scope.Names), cancellationToken)).Executions);
        return [.. found.OrderByDescending(execution => execution.ExecutionDate).Take(Shown)];
    }

    /// <summary>The jobs that fire first within the hour, and how many fire in it.</summary>
    private async Task<(IReadOnlyList<JobDocument> First, int Count)> WakingAsync(DateTimeOffset now, NamespaceScope scope, CancellationToken cancellationToken)
    {
        const int First = 4 * Shown;
        if (scope.IsAll)
        {
            var first = await jobs.WakingAsync(now, now + Ahead, First, cancellationToken);
            return (first, first.Count < First ? first.Count : (await jobs.WakingIdsAsync(now, now + Ahead, cancellationToken)).Count);
        }

        var all = await jobs.WakingIdsAsync(now, now + Ahead, cancellationToken);
        var ours = await owners.AmongAsync(all, scope, cancellationToken);
        return ([.. (await jobs.GetAsync(all.Where(ours.Contains).Take(First), cancellationToken)).Values], ours.Count);
    }

    private async Task<IReadOnlyList<OwedRow>> OwedAsync(DateTimeOffset now, NamespaceScope scope, CancellationToken cancellationToken)
    {
        var open = (await jobs.OpenAsync(scope.IsAll ? MostOpen : MostLookedThrough, cancellationToken)).Where(job => scope.Allows(job.Spec.InNamespace)).Take(MostOpen);
        var owed = open.SelectMany(job => job.Open.Where(launch => launch.PlannedAt < now - Late).Select(launch => (Job: job, Id: launch.Launch.ExecutionId))).ToList();
        var claimed = await history.FindManyAsync([.. owed.Select(pair => pair.Id)], cancellationToken);
        return [.. owed.Where((_, i) => claimed[i] is null).Select(pair => new OwedRow(pair.Id, StoredJobs.TitleOf(pair.Job), pair.Id.FireTime)).OrderBy(row => row.FireTime).Take(Shown)];
    }

    private static IEnumerable<ComingRow> ComingOf(JobDocument job, DateTimeOffset now)
    {
        var view = JobSchedule.View(job, now);
        return view.NextFireTimes.Where(instant => instant <= now + Ahead).Take(3).Select(instant => new ComingRow(job.JobId, StoredJobs.TitleOf(job), view.Description, instant));
    }

    private async Task<IReadOnlyList<WorkerInfo>?> WorkersAsync()
    {
        try
        {
            return [.. (await grains.GetGrain<ILeaderGrain>(0).GetWorkers()).OrderBy(worker => worker.WorkerId, StringComparer.Ordinal)];
        }
        catch (Exception e) when (Problems.Outage.Of(e) is not null)
        {
            return null; // the rest of the page is worth showing
        }
    }
}

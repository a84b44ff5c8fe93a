using Dcron.Api.Access;
using Dcron.Api.Executions;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Console.Reading;

/// <param name="Title">What its job is called.</param>
/// <param name="JobExists">False once the job is deleted.</param>
/// <param name="Newer">The execution of the same job after it, among the latest.</param>
/// <param name="Older">The one before it.</param>
public sealed record ExecutionModel(ExecutionDocument Execution, string Title, bool JobExists, ExecutionId? Newer, ExecutionId? Older);

/// <param name="Result">Null for all.</param>
/// <param name="From">Fire times from here on.</param>
/// <param name="To">Fire times before this.</param>
public sealed record ExecutionsModel(ExecutionPage Page, IReadOnlyDictionary<JobId, string> Names, ExecutionResult? Result, string? From, string? To, string? Error, bool IsFirst);

/// <summary>Reads executions, one or many.</summary>
internal sealed class ExecutionReader(ExecutionFinder finder, ExecutionHistory history, StoredJobs jobs)
{
    private const int PageSize = 50;

    /// <returns>Null when there is none.</returns>
    public async Task<ExecutionModel?> ReadAsync(ExecutionId id, CancellationToken cancellationToken)
    {
        if (await finder.FindAsync(id, cancellationToken) is not { } execution)
            return null;

        var job = (await jobs.GetAsync([id.JobId], cancellationToken)).GetValueOrDefault(id.JobId);
        var older = await history.PageAsync(new GetJobExecutions(id.JobId, To: execution.ExecutionDate, Limit: 1), cancellationToken);
        var latest = await history.LastOfAsync(id.JobId, 200, cancellationToken);
        var newer = latest.LastOrDefault(glance => glance.FireTime > execution.ExecutionDate);
        return new ExecutionModel(
            execution,
            job?.Spec.Name ?? id.JobId.Value,
            job is { DeletedAt: null },
            newer == default ? null : newer.ExecutionId,
            older.Executions is [var before] ? before.ExecutionId : null);
    }

    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async Task<ExecutionsModel> ListAsync(ExecutionResult? result, DateTimeOffset? from, DateTimeOffset? to, NamespaceScope scope, string? cursor, CancellationToken cancellationToken)
    {
        var page = await history.PageAsync(new GetJobExecutions(null, result, from, to, PageSize, cursor, scope.Names), cancellationToken);
        return new ExecutionsModel(page, await jobs.TitlesAsync(page.Executions.Select(execution => execution.JobId), cancellationToken), result, null, null, null, cursor is null);
    }
}

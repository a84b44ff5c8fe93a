using System.Globalization;
using System.Text.Json;
using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.History;

/// <summary>
/// Drops months that are no longer kept: their logs, recorded starts and executions, the latter last, so that an interrupted drop is found and finished. Before
/// that the horizon is saved, so that nothing of them comes back. The leader sees to it; two at once do no harm.
/// </summary>
internal sealed partial class Retention(
    IDocumentStore documents,
    IObjectStore objects,
    ExecutionHistory history,
    IOptions<HistoryOptions> options,
    [FromKeyedServices(DcronClock.Key)] TimeProvider time,
    ILogger<Retention> logger)
{
    private const int PageSize = 1000;

    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private DateTimeOffset _next = DateTimeOffset.MinValue;
    private Task _running = Task.CompletedTask;

    /// <summary>Looks, once an hour and beside what the caller does, whether a month has to go.</summary>
    public void SeeTo()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_running.IsCompleted && now >= _next)
            {
                _next = now + Period;
                _running = Task.Run(RunQuietlyAsync);
            }
        }
    }

    /// <returns>The months that were dropped, oldest first.</returns>
    public async Task<IReadOnlyList<DateTimeOffset>> RunAsync(CancellationToken cancellationToken = default)
    {
        if (RetentionRules.Horizon(time.GetUtcNow(), options.Value.RetentionMonths) is not { } horizon)
        {
            return [];
        }

        var months = await MonthsAsync(JobCollections.ExecutionsPrefix, cancellationToken);
        months.AddRange(await MonthsAsync(JobCollections.StartsPrefix, cancellationToken));
        if (!months.Any(month => month.AddMonths(1) <= horizon))
        {
            return [];
        }

        var drop = RetentionRules.ToDrop(months, horizon, await NeededAsync(months.Where(month => month < horizon), cancellationToken));
        if (drop.Count == 0)
        {
            return [];
        }

        await history.Horizon.AdvanceAsync(drop[^1].AddMonths(1), cancellationToken);
        foreach (var month in drop)
        {
            await DropLogsAsync(month, cancellationToken);
            await documents.DropCollectionAsync(JobCollections.StartsOf(month), cancellationToken);
            await documents.DropCollectionAsync(JobCollections.ExecutionsOf(month), cancellationToken);
            LogDropped(logger, month);
        }

        return drop;
    }

    private async Task RunQuietlyAsync()
    {
        try
        {
            await RunAsync();
        }
#pragma warning disable CA1031 // A store that is away is no reason to disturb the leader; the next hour tries again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailed(logger, exception.Message, exception);
        }
    }

    private async Task<List<DateTimeOffset>> MonthsAsync(string prefix, CancellationToken cancellationToken) =>
        [.. (await documents.ListCollectionsAsync(prefix, cancellationToken)).Select(name => RetentionRules.MonthOf(name, prefix)).OfType<DateTimeOffset>()];

    /// <summary>Fire times of what is owed or running, and of what backfills come to next: in the jobs' outboxes, and as a worker's claim.</summary>
    private async Task<List<DateTimeOffset>> NeededAsync(IEnumerable<DateTimeOffset> months, CancellationToken cancellationToken)
    {
        var needed = new List<DateTimeOffset>();
        var open = new IndexQuery(JobCollections.ByOpen) { Limit = PageSize };
        for (string? cursor = null; ;)
        {
            var page = await documents.QueryAsync(JobCollections.Jobs, open with { Cursor = cursor }, cancellationToken);
            foreach (var row in page.Rows)
            {
                var job = JsonSerializer.Deserialize(row.Document!.Body.Span, DcronJson.Default.JobDocument)!;
                needed.AddRange(job.Open.Select(launch => launch.Launch.ExecutionId.FireTime));
                needed.AddRange((job.Backfills ?? []).Where(backfill => backfill.EndedAt is null).Select(backfill => backfill.DecidedUpTo));
            }

            if ((cursor = page.Next) is null)
            {
                break;
            }
        }

        foreach (var month in months.Distinct())
        {
            var claimed = await documents.QueryAsync(JobCollections.ExecutionsOf(month), new IndexQuery(JobCollections.ByOpenOn) { Limit = 1, IncludeBodies = false }, cancellationToken);
            needed.AddRange(claimed.Rows.Select(row => ExecutionId.Parse(row.Id).FireTime));
        }

        return needed;
    }

    private async Task DropLogsAsync(DateTimeOffset month, CancellationToken cancellationToken)
    {
        var prefix = month.UtcDateTime.ToString("'logs/'yyyy'/'MM'/'", CultureInfo.InvariantCulture);
        await foreach (var log in objects.ListAsync(objects.DefaultBucket, prefix, cancellationToken))
        {
            await objects.DeleteAsync(log.Location, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped the history of {Month:yyyy-MM}, which is no longer kept")]
    private static partial void LogDropped(ILogger logger, DateTimeOffset month);

    [LoggerMessage(Level = LogLevel.Warning, Message = "History that is no longer kept could not be dropped; tried again within the hour: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason, Exception exception);
}

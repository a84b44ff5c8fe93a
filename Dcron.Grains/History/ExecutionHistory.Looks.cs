using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

/// <summary>What an index tells of an execution without reading its document.</summary>
public readonly record struct ExecutionGlance(ExecutionId ExecutionId, DateTimeOffset FireTime, ExecutionResult Result);

/// <summary>Looks that people take: each reads a few rows of an index, however long the history is.</summary>
public sealed partial class ExecutionHistory
{
    private const int MostMonthsBack = 3;
    private const int LargestPage = 10_000;

    /// <summary>The last executions of a job, newest first, in its latest three months.</summary>
    public async ValueTask<IReadOnlyList<ExecutionGlance>> LastOfAsync(JobId job, int count, CancellationToken cancellationToken = default)
    {
        var found = new List<ExecutionGlance>(count);
        foreach (var month in (await MonthsAsync(null, null, cancellationToken)).Take(MostMonthsBack))
        {
            var query = new IndexQuery(JobCollections.ByJobAndTime, job.Value) { Descending = true, Limit = count - found.Count, IncludeBodies = false };
            found.AddRange((await store.QueryAsync(month, query, cancellationToken)).Rows.Select(row => GlanceOf(row, 1)));
            if (found.Count >= count)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>What workers hold right now, newest first.</summary>
    public async ValueTask<IReadOnlyList<ExecutionDocument>> RunningAsync(int limit, CancellationToken cancellationToken = default)
    {
        var found = new List<ExecutionDocument>();
        foreach (var month in await MonthsAsync(null, null, cancellationToken))
        {
            var page = await store.QueryAsync(month, new IndexQuery(JobCollections.ByOpenOn) { Limit = limit }, cancellationToken);
            found.AddRange(page.Rows.Select(row => Read(row.Document!.Body)));
        }

        return [.. found.OrderByDescending(execution => execution.ExecutionDate).Take(limit)];
    }

    /// <summary>What ended otherwise than well in a period, newest first.</summary>
    /// <param name="from">Fire times from here on.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<IReadOnlyList<ExecutionDocument>> UnsuccessfulAsync(DateTimeOffset from, int limit, CancellationToken cancellationToken = default)
    {
        var found = new List<ExecutionDocument>();
        foreach (var month in await MonthsAsync(from, null, cancellationToken))
        {
            var query = new IndexQuery(JobCollections.ByUnsuccessful) { From = UtcTime.ToText(from), Descending = true, Limit = limit - found.Count };
            found.AddRange((await store.QueryAsync(month, query, cancellationToken)).Rows.Select(row => Read(row.Document!.Body)));
            if (found.Count >= limit)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>The executions whose fire times lie in [from, to), newest first, as the index tells them; at most <paramref name="limit"/>.</summary>
    public async IAsyncEnumerable<ExecutionGlance> GlancesAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var told = 0;
        foreach (var month in await MonthsAsync(from, to, cancellationToken))
        {
            var query = new IndexQuery(JobCollections.ByTime)
            {
                From = UtcTime.ToText(from),
                To = UtcTime.ToText(JustBefore(to)),
                Descending = true,
                Limit = LargestPage,
                IncludeBodies = false,
            };
            for (string? cursor = null; ;)
            {
                var page = await store.QueryAsync(month, query with { Cursor = cursor }, cancellationToken);
                foreach (var row in page.Rows)
                {
                    if (told++ == limit)
                    {
                        yield break;
                    }

                    yield return GlanceOf(row, 0);
                }

                if ((cursor = page.Next) is null)
                {
                    break;
                }
            }
        }
    }

    /// <summary>The months that there are and that a period touches, newest first. One that an older dcron wrote gets the indexes that it lacks.</summary>
    private async ValueTask<IReadOnlyList<string>> MonthsAsync(DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var months = (await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix, cancellationToken))
            .Where(name => from is null || string.CompareOrdinal(name, JobCollections.ExecutionsOf(from.Value)) >= 0)
            .Where(name => to is null || string.CompareOrdinal(name, JobCollections.ExecutionsOf(to.Value)) <= 0)
            .OrderDescending(StringComparer.Ordinal)
            .ToList();
        foreach (var month in months.Where(month => !_ready.ContainsKey(month)))
        {
            await store.EnsureCollectionAsync(JobCollections.ExecutionsDefinition(month), cancellationToken);
            _ready[month] = true;
        }

        return months;
    }

    private static ExecutionGlance GlanceOf(IndexRow row, int timeAt) =>
        new(ExecutionId.Parse(row.Id), UtcTime.FromText(row.Key[timeAt]), ResultOf(row.Key[timeAt + 1]));

    private static ExecutionResult ResultOf(string word) => Results.TryGetValue(word, out var result) ? result : throw new FormatException($"'{word}' is no result");

    private static readonly Dictionary<string, ExecutionResult> Results = Enum.GetValues<ExecutionResult>().ToDictionary(WordOf, StringComparer.Ordinal);
}

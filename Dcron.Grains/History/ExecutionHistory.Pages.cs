using System.Text;
using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

public sealed partial class ExecutionHistory
{
    private const int RowsForADocument = 10;
    private const int MostDocumentsAtOnce = 1000;

    /// <summary>
    /// How much one page looks through, found or not, so that no question can hold up who asks it: rows of an index, or a tenth as many
    /// documents. A history that is longer is gone through by further pages.
    /// </summary>
    internal int MostLookedThrough { get; init; } = 200_000;

    /// <summary>A page of recorded executions, newest first, over all months that the query touches.</summary>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    /// <exception cref="ArgumentException">The cursor is one of another query.</exception>
    public async ValueTask<ExecutionPage> PageAsync(GetJobExecutions query, CancellationToken cancellationToken = default)
    {
        switch (query)
        {
            case { JobId: null, Result: ExecutionResult.Queued }:
                return new ExecutionPage([], null); // those are in their jobs' documents
            case { JobId: null, Result: ExecutionResult.Running }:
                return await RunningPageAsync(query, cancellationToken);
        }

        var (month, inner) = ReadCursor(query.Cursor);
        var months = (await MonthsAsync(query.From, query.To, cancellationToken)).Where(name => month is null || string.CompareOrdinal(name, month) <= 0).ToList();
        var ranges = RangesOf(query);
        var word = query.Result is { } result ? WordOf(result) : null;
        var (found, looked) = (new List<ExecutionDocument>(), 0);
        foreach (var name in months)
        {
            var walk = new IndexWalk(store, name, [.. ranges.Select(range => name == month ? range with { Cursor = inner } : range)], word is null ? MostDocumentsAtOnce : LargestPage);
            var candidates = new List<IndexRow>();
            while (await walk.NextAsync(cancellationToken) is { } row)
            {
                looked += row.Document is null ? 1 : RowsForADocument;
                if (word is null || row.Key[^1] == word)
                {
                    candidates.Add(row);
                }

                // No more than what is missing, so that the cursor skips none of them.
                var isOver = looked >= MostLookedThrough;
                if (candidates.Count == query.Limit - found.Count || isOver)
                {
                    looked += await TakeAsync(candidates);
                    if (found.Count == query.Limit || isOver)
                    {
                        var next = walk.MayGoOn ? WriteCursor(name, ranges[0].After(row).Cursor) : Older(months, name);
                        return new ExecutionPage(found, next, found.Count < query.Limit && next is not null ? UtcTime.FromText(row.Key[ranges[0].Equal.Count]) : null);
                    }
                }
            }

            await TakeAsync(candidates);
            async ValueTask<int> TakeAsync(List<IndexRow> rows)
            {
                found.AddRange((await ReadAsync(name, rows, cancellationToken)).Where(execution => IsAsked(execution, query)));
                var read = rows.Count(row => row.Document is null) * RowsForADocument;
                rows.Clear();
                return read;
            }
        }

        return new ExecutionPage(found, null);
    }

    // What runs is little, and has an index without an order of time.
    private async ValueTask<ExecutionPage> RunningPageAsync(GetJobExecutions query, CancellationToken cancellationToken)
    {
        var after = ReadCursor(query.Cursor) is { Month: not null } cursor ? ExecutionId.Parse(cursor.Inner ?? "") : (ExecutionId?)null;
        var running = (await RunningAsync(LargestPage, cancellationToken))
            .Where(execution => IsAsked(execution, query) && !(execution.ExecutionDate < query.From) && !(execution.ExecutionDate >= query.To))
            .OrderByDescending(execution => execution.ExecutionDate).ThenByDescending(execution => execution.ExecutionId.ToString(), StringComparer.Ordinal)
            .SkipWhile(execution => after is { } last && !IsBehind(execution.ExecutionId, last))
            .Take(query.Limit + 1)
            .ToList();
        return running.Count <= query.Limit
            ? new ExecutionPage(running, null)
            : new ExecutionPage(running[..^1], WriteCursor(JobCollections.ExecutionsOf(running[^2].ExecutionId), running[^2].ExecutionId.ToString()));

        static bool IsBehind(ExecutionId id, ExecutionId last) =>
            id.FireTime < last.FireTime || (id.FireTime == last.FireTime && string.CompareOrdinal(id.ToString(), last.ToString()) < 0);
    }

    private async ValueTask<IEnumerable<ExecutionDocument>> ReadAsync(string collection, IReadOnlyList<IndexRow> rows, CancellationToken cancellationToken)
    {
        var missing = rows.Where(row => row.Document is null).Select(row => row.Id).ToList();
        var documents = missing.Count == 0 ? rows.Select(row => row.Document) : await store.GetManyAsync(collection, missing, cancellationToken);
        return [.. documents.OfType<Document>().Select(document => Read(document.Body))];
    }

    // Executions of the default namespace bear none, so that no index has them by it: they are picked out of all.
    private static bool IsAsked(ExecutionDocument execution, GetJobExecutions query) =>
        query.JobId is not null || query.Namespaces is null || query.Namespaces.Contains(Namespaces.FromStored(execution.Namespace));

    /// <summary>The ranges that hold what is asked for, all in the same order; none where nothing can be found.</summary>
    private static IReadOnlyList<IndexQuery> RangesOf(GetJobExecutions query)
    {
        // Over all jobs, what went wrong is rare among what went well: an index of its own finds it.
        IReadOnlyList<IndexQuery> ranges = query switch
        {
            { JobId: { } job } => [new IndexQuery(JobCollections.ByJobAndTime, job.Value)],
            { Namespaces: { } names } when !names.Contains(Namespaces.Default) => [.. names.Distinct(StringComparer.Ordinal).Select(name => new IndexQuery(JobCollections.ByNamespace, name))],
            { Result: { } result } when result.IsUnsuccessful() => [new IndexQuery(JobCollections.ByUnsuccessful)],
            _ => [new IndexQuery(JobCollections.ByTime)],
        };
        return [.. ranges.Select(range => range with
        {
            From = query.From is { } from ? UtcTime.ToText(from) : null,
            To = query.To is { } to ? UtcTime.ToText(JustBefore(to)) : null,
            Descending = true,
            Limit = query.Limit,
            IncludeBodies = query.Result is null,
        })];
    }

    // The index takes bounds that count themselves, in milliseconds; before the beginning of time there is nothing to find.
    private static DateTimeOffset JustBefore(DateTimeOffset time) => time.UtcTicks < TimeSpan.TicksPerMillisecond ? DateTimeOffset.MinValue : time.AddMilliseconds(-1);

    private static string? Older(List<string> months, string name) =>
        months.IndexOf(name) + 1 is var next && next < months.Count ? WriteCursor(months[next], null) : null;

    private static string WordOf(ExecutionResult result) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(result.ToString());

    private static string WriteCursor(string month, string? inner) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes($"{month}|{inner}"));

    private static (string? Month, string? Inner) ReadCursor(string? cursor)
    {
        if (cursor is null)
        {
            return (null, null);
        }

        var text = Encoding.UTF8.GetString(Convert.FromHexString(cursor));
        var bar = text.IndexOf('|', StringComparison.Ordinal);
        return bar > 0 && text.StartsWith(JobCollections.ExecutionsPrefix, StringComparison.Ordinal)
            ? (text[..bar], bar + 1 < text.Length ? text[(bar + 1)..] : null)
            : throw new FormatException("not a cursor");
    }
}

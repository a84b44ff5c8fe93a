using System.Text;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

public sealed partial class ExecutionHistory
{
    /// <summary>A page of recorded executions, newest first, over all months that the query touches.</summary>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async ValueTask<ExecutionPage> PageAsync(GetJobExecutions query, CancellationToken cancellationToken = default)
    {
        var (month, inner) = ReadCursor(query.Cursor);
        var months = (await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix, cancellationToken))
            .Where(name => query.From is null || string.CompareOrdinal(name, JobCollections.ExecutionsOf(query.From.Value)) >= 0)
            .Where(name => query.To is null || string.CompareOrdinal(name, JobCollections.ExecutionsOf(query.To.Value)) <= 0)
            .Where(name => month is null || string.CompareOrdinal(name, month) <= 0)
            .OrderDescending(StringComparer.Ordinal)
            .ToList();
        var found = new List<ExecutionDocument>();
        foreach (var name in months)
        {
            var cursor = name == month ? inner : null;
            do
            {
                var page = await store.QueryAsync(name, IndexQueryOf(query, cursor, query.Limit - found.Count), cancellationToken);
                found.AddRange(await Hits(name, page, query.Result, cancellationToken));
                cursor = page.Next;
                if (found.Count >= query.Limit)
                {
                    return new ExecutionPage(found, cursor is not null ? WriteCursor(name, cursor) : Older(months, name));
                }
            }
            while (cursor is not null);
        }

        return new ExecutionPage(found, null);
    }

    // With a result filter the index alone decides which documents are read.
    private async ValueTask<IEnumerable<ExecutionDocument>> Hits(string collection, DocumentPage page, ExecutionResult? result, CancellationToken cancellationToken)
    {
        if (result is null)
        {
            return page.Rows.Select(row => Read(row.Document!.Body));
        }

        var word = WordOf(result.Value);
        var ids = page.Rows.Where(row => row.Key[^1] == word).Select(row => row.Id).ToList();
        var documents = await store.GetManyAsync(collection, ids, cancellationToken);
        return documents.OfType<Document>().Select(document => Read(document.Body));
    }

    private static IndexQuery IndexQueryOf(GetJobExecutions query, string? cursor, int missing)
    {
        var index = query.JobId is { } job
            ? new IndexQuery(JobCollections.ByJobAndTime, job.Value)
            : new IndexQuery(JobCollections.ByTime);
        return index with
        {
            From = query.From is { } from ? UtcTime.ToText(from) : null,
            To = query.To is { } to ? UtcTime.ToText(to.AddMilliseconds(-1)) : null,
            Descending = true,
            Cursor = cursor,
            // A page that is filtered by result must not read past what it may answer, or the cursor would skip hits.
            Limit = missing,
            IncludeBodies = query.Result is null,
        };
    }

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

using System.Text;
using System.Text.Json;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Api.Jobs;

/// <summary>Which jobs to list.</summary>
/// <param name="Namespaces">Null for all.</param>
/// <param name="Cursor">From the page before.</param>
/// <param name="NewestFirst">Otherwise in the order in which they were created.</param>
internal sealed record ListJobs(int Limit, string? Name, bool? Enabled, string? Label, string? Cursor, bool NewestFirst = false, IReadOnlyCollection<string>? Namespaces = null);

/// <param name="Next">Cursor of the next page; null when this is the last.</param>
internal sealed record JobPage(IReadOnlyList<JobDocument> Jobs, string? Next);

/// <summary>Lists jobs in the order in which they were created, or the other way round. Filters are answered from the index; only what is shown is read.</summary>
internal sealed class JobListing(IDocumentStore store)
{
    private const string CursorPrefix = "after:";
    private const int KeysAtATime = 2000;

    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async ValueTask<JobPage> PageAsync(ListJobs query, CancellationToken cancellationToken)
    {
        var after = query.Cursor is null ? null : ReadCursor(query.Cursor);
        var filtered = query.Name is not null || query.Enabled is not null || query.Label is not null || query.Namespaces is not null;
        var index = new IndexQuery(JobCollections.ByListKey)
        {
            From = query.NewestFirst ? null : after,
            To = query.NewestFirst ? after : null,
            Descending = query.NewestFirst,
            Limit = filtered ? KeysAtATime : query.Limit + 2,
            IncludeBodies = false,
        };
        var hits = new List<string>();
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(JobCollections.Jobs, index with { Cursor = cursor }, cancellationToken);
            hits.AddRange(page.Rows
                .Where(row => row.Id != after && ListFilter.Matches(row.Key[1], query.Name, query.Enabled, query.Label, query.Namespaces))
                .Select(row => row.Id));
            cursor = page.Next;
        }
        while (cursor is not null && hits.Count <= query.Limit);

        var shown = hits.Count > query.Limit ? hits[..query.Limit] : hits;
        var documents = await store.GetManyAsync(JobCollections.Jobs, shown, cancellationToken);
        // A job that was deleted since the index was read has no place in its listing any more.
        var jobs = documents.OfType<Document>().Select(Read).Where(job => job.DeletedAt is null);
        return new JobPage([.. jobs], hits.Count > query.Limit ? WriteCursor(shown[^1]) : null);
    }

    internal static string WriteCursor(string jobId) => Convert.ToHexStringLower(Encoding.ASCII.GetBytes(CursorPrefix + jobId));

    internal static string ReadCursor(string cursor)
    {
        var text = Encoding.ASCII.GetString(Convert.FromHexString(cursor));
        return text.StartsWith(CursorPrefix, StringComparison.Ordinal) && JobId.TryParse(text[CursorPrefix.Length..], out var id)
            ? id.Value
            : throw new FormatException("not a cursor of the jobs");
    }

    private static JobDocument Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, DcronJson.Default.JobDocument) ?? throw new JsonException("a job's document is null");
}

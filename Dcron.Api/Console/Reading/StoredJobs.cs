using System.Text.Json;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Api.Console.Reading;

/// <summary>Reads jobs as they are stored, many at a time, without waking their grains.</summary>
internal sealed class StoredJobs(IDocumentStore store)
{
    private const int AtOnce = 1000;

    /// <summary>Those of the jobs that there are.</summary>
    public async ValueTask<IReadOnlyDictionary<JobId, JobDocument>> GetAsync(IEnumerable<JobId> ids, CancellationToken cancellationToken)
    {
        var wanted = ids.Distinct().Select(id => id.Value).ToList();
        if (wanted.Count == 0)
            return new Dictionary<JobId, JobDocument>();

        var documents = await store.GetManyAsync(JobCollections.Jobs, wanted, cancellationToken);
        return documents.OfType<Document>().Select(Read).ToDictionary(job => job.JobId);
    }

    /// <summary>What people call the jobs: the name, where there is one. Jobs that are gone are left out.</summary>
    public async ValueTask<IReadOnlyDictionary<JobId, string>> TitlesAsync(IEnumerable<JobId> ids, CancellationToken cancellationToken) =>
        (await GetAsync(ids, cancellationToken)).ToDictionary(pair => pair.Key, pair => TitleOf(pair.Value));

    /// <summary>Whether there is any job.</summary>
    public async ValueTask<bool> AnyAsync(CancellationToken cancellationToken) =>
        (await store.QueryAsync(JobCollections.Jobs, new IndexQuery(JobCollections.ByListKey) { Limit = 1, IncludeBodies = false }, cancellationToken)).Rows.Count > 0;

    /// <summary>Jobs with something owed or running, the oldest first.</summary>
    public async ValueTask<IReadOnlyList<JobDocument>> OpenAsync(int limit, CancellationToken cancellationToken) =>
        [.. (await store.QueryAsync(JobCollections.Jobs, new IndexQuery(JobCollections.ByOpen) { Limit = limit }, cancellationToken)).Rows.Select(row => Read(row.Document!))];

    /// <summary>Jobs that want to be woken in a period, the earliest first.</summary>
    public async ValueTask<IReadOnlyList<JobDocument>> WakingAsync(DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken)
    {
        var query = new IndexQuery(JobCollections.ByWake) { From = UtcTime.ToText(from), To = UtcTime.ToText(to), Limit = limit };
        return [.. (await store.QueryAsync(JobCollections.Jobs, query, cancellationToken)).Rows.Select(row => Read(row.Document!))];
    }

    /// <summary>Those that want to be woken in a period, the earliest first; at most 10,000.</summary>
    public async ValueTask<IReadOnlyList<JobId>> WakingIdsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var query = new IndexQuery(JobCollections.ByWake) { From = UtcTime.ToText(from), To = UtcTime.ToText(to), Limit = 10_000, IncludeBodies = false };
        return [.. (await store.QueryAsync(JobCollections.Jobs, query, cancellationToken)).Rows.Select(row => JobId.Parse(row.Id))];
    }

    /// <summary>All jobs, in the order of their creation, a page at a time.</summary>
    public async IAsyncEnumerable<JobDocument> AllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new IndexQuery(JobCollections.ByListKey) { Limit = AtOnce };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(JobCollections.Jobs, query with { Cursor = cursor }, cancellationToken);
            foreach (var row in page.Rows)
                yield return Read(row.Document!);
            if ((cursor = page.Next) is null)
                yield break;
        }
    }

    public static string TitleOf(JobDocument job) => job.Spec.Name ?? job.JobId.Value;

    private static JobDocument Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, DcronJson.Default.JobDocument) ?? throw new JsonException("a job's document is null");
}

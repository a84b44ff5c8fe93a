using System.Runtime.CompilerServices;
using System.Text.Json;
using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Grains.Ledger;

/// <summary>
/// Holds a period's fire times, executions and recorded starts against each other. Job after job, page after page: what it needs of memory does not depend on how many there are.
/// </summary>
public sealed class LedgerVerifier(IDocumentStore store, JobVersions versions, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    private const int PageSize = 500;

    // Fire times that seem to be missing are looked at again in portions: between two reads a job may have gone on.
    private const int MostDoubts = 1000;

    /// <exception cref="DocumentStoreUnavailableException">The store is out of reach.</exception>
    public async Task<LedgerReport> VerifyAsync(LedgerQuery query, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var report = new LedgerReport(query);
        var last = query.To.AddTicks(-1) < now ? query.To.AddTicks(-1) : now;
        if (last < query.From)
        {
            return report;
        }

        var executions = await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix, cancellationToken);
        var starts = await store.ListCollectionsAsync(JobCollections.StartsPrefix, cancellationToken);
        var check = new LedgerCheck(report, now, await new HistoryHorizon(store).ReadAsync(cancellationToken), FirstOf(starts, JobCollections.StartsPrefix));
        var period = new Period(query.From, last, Within(executions, query.From, last), Within(starts, query.From, last));
        if (query.JobId is { } one)
        {
            await VerifyAsync(one, period, check, report, cancellationToken);
            return report;
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var jobId in KeysAsync(JobCollections.Versions, JobCollections.ByJob, cancellationToken))
        {
            known.Add(jobId);
            await VerifyAsync(JobId.Parse(jobId), period, check, report, cancellationToken);
        }

        foreach (var month in period.Executions.Concat(period.Starts))
        {
            await foreach (var jobId in KeysAsync(month, JobCollections.ByJobAndTime, cancellationToken))
            {
                if (known.Add(jobId))
                {
                    await VerifyAsync(JobId.Parse(jobId), period, check, report, cancellationToken); // a job that nothing else knows of
                }
            }
        }

        return report;
    }

    private async Task VerifyAsync(JobId jobId, Period period, LedgerCheck check, LedgerReport report, CancellationToken cancellationToken)
    {
        var job = await ReadAsync(jobId, cancellationToken);
        if (report.Query.Namespaces is { } namespaces && (job.Namespace is not { } name || !namespaces.Contains(name, StringComparer.Ordinal)))
        {
            return;
        }

        report.Jobs++;
        var doubts = new List<ExecutionId>();
        await foreach (var entry in EntriesAsync(job, period, cancellationToken))
        {
            if (check.Judge(job, entry) is { } missing)
            {
                doubts.Add(missing);
            }

            if (doubts.Count >= MostDoubts)
            {
                await LookAgainAsync(jobId, doubts, check, report, cancellationToken);
            }
        }

        await LookAgainAsync(jobId, doubts, check, report, cancellationToken);
    }

    private async Task LookAgainAsync(JobId jobId, List<ExecutionId> doubts, LedgerCheck check, LedgerReport report, CancellationToken cancellationToken)
    {
        if (doubts.Count == 0)
        {
            return;
        }

        // The job first: what it forgets has its document by then.
        var job = await ReadAsync(jobId, cancellationToken);
        foreach (var month in doubts.GroupBy(JobCollections.ExecutionsOf))
        {
            var ids = month.ToList();
            var found = await store.GetManyAsync(month.Key, ids.ConvertAll(id => id.ToString()), cancellationToken);
            for (var i = 0; i < ids.Count; i++)
            {
                if (found[i] is null)
                {
                    check.Missing(job, ids[i]);
                }
                else
                {
                    report.Pending++; // it came in between
                }
            }
        }

        doubts.Clear();
    }

    private async Task<LedgerJob> ReadAsync(JobId jobId, CancellationToken cancellationToken)
    {
        var stored = await store.GetAsync(JobCollections.Jobs, jobId.Value, cancellationToken);
        var job = stored is null ? null : JsonSerializer.Deserialize(stored.Body.Span, DcronJson.Default.JobDocument);
        return new LedgerJob(
            jobId,
            job is null ? await versions.ListDeletedAsync(jobId, cancellationToken) : await versions.ListAsync(job, cancellationToken),
            job);
    }

    /// <summary>Fire times, executions and starts of a job, brought together by their fire time, in order.</summary>
    private async IAsyncEnumerable<LedgerEntry> EntriesAsync(LedgerJob job, Period period, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var due = job.FireTimes(period.From, period.Last).GetEnumerator();
        await using var executions = DocumentsAsync(job.JobId, period, period.Executions, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var starts = DocumentsAsync(job.JobId, period, period.Starts, cancellationToken).GetAsyncEnumerator(cancellationToken);
        DateTimeOffset? nextDue = due.MoveNext() ? due.Current : null;
        var execution = await ExecutionAsync(executions);
        var start = await StartAsync(starts);
        while (Earliest(nextDue, execution?.ExecutionDate, start?.ExecutionDate) is { } fireTime)
        {
            var entry = new LedgerEntry(fireTime);
            for (; nextDue == fireTime; nextDue = due.MoveNext() ? due.Current : null)
            {
                entry.IsDue = true;
            }

            for (; execution?.ExecutionDate == fireTime; execution = await ExecutionAsync(executions))
            {
                entry.Executions.Add(execution!);
            }

            for (; start?.ExecutionDate == fireTime; start = await StartAsync(starts))
            {
                entry.Starts.Add(start!);
            }

            yield return entry;
        }
    }

    private async IAsyncEnumerable<Document> DocumentsAsync(
        JobId jobId, Period period, IReadOnlyList<string> months, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var month in months)
        {
            var query = new IndexQuery(JobCollections.ByJobAndTime, jobId.Value)
            {
                From = UtcTime.ToText(period.From),
                To = UtcTime.ToText(period.Last),
                Limit = PageSize,
            };
            for (string? cursor = null; ;)
            {
                var page = await store.QueryAsync(month, query with { Cursor = cursor }, cancellationToken);
                foreach (var row in page.Rows)
                {
                    yield return row.Document!;
                }

                if ((cursor = page.Next) is null)
                {
                    break;
                }
            }
        }
    }

    /// <summary>The different values of an index's first field.</summary>
    private async IAsyncEnumerable<string> KeysAsync(string collection, string index, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The first row of each value, found from the value before: ids have no space in them, which sorts before all that they have.
        var query = new IndexQuery(index) { Limit = 1, IncludeBodies = false };
        while (await store.QueryAsync(collection, query, cancellationToken) is { Rows: [var row, ..] })
        {
            yield return row.Key[0];
            query = query with { From = row.Key[0] + " " };
        }
    }

    private static async Task<ExecutionDocument?> ExecutionAsync(IAsyncEnumerator<Document> documents) => await documents.MoveNextAsync()
        ? JsonSerializer.Deserialize(documents.Current.Body.Span, DcronJson.Default.ExecutionDocument)
        : null;

    private static async Task<StartDocument?> StartAsync(IAsyncEnumerator<Document> documents) => await documents.MoveNextAsync()
        ? JsonSerializer.Deserialize(documents.Current.Body.Span, StartJson.Default.StartDocument)
        : null;

    private static DateTimeOffset? Earliest(params ReadOnlySpan<DateTimeOffset?> times)
    {
        DateTimeOffset? earliest = null;
        foreach (var time in times)
        {
            earliest = time is not null && (earliest is null || time < earliest) ? time : earliest;
        }

        return earliest;
    }

    private static DateTimeOffset FirstOf(IReadOnlyList<string> months, string prefix) => months.Count == 0
        ? DateTimeOffset.MaxValue
        : UtcTime.FromText($"{months[0][prefix.Length..]}-01T00:00:00.000Z");

    private static List<string> Within(IReadOnlyList<string> months, DateTimeOffset from, DateTimeOffset last) =>
        [.. months.Where(month => string.CompareOrdinal(month[^7..], from.UtcDateTime.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture)) >= 0
            && string.CompareOrdinal(month[^7..], last.UtcDateTime.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture)) <= 0)];

    private sealed record Period(DateTimeOffset From, DateTimeOffset Last, IReadOnlyList<string> Executions, IReadOnlyList<string> Starts);
}

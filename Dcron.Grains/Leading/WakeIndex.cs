using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Leading;

/// <summary>The stored index of jobs by the time of their next wake. What a poll costs depends on what is due, not on how many jobs there are.</summary>
internal sealed class WakeIndex(IDocumentStore store)
{
    private const int PageSize = 1000;

    /// <summary>Jobs that want to be woken by then, long overdue ones included, earliest first.</summary>
    public async IAsyncEnumerable<(JobId Job, DateTimeOffset WakeAt)> UpToAsync(DateTimeOffset end)
    {
        var query = new IndexQuery(JobCollections.ByWake) { To = UtcTime.ToText(end), Limit = PageSize, IncludeBodies = false };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(JobCollections.Jobs, query with { Cursor = cursor });
            foreach (var row in page.Rows)
            {
                yield return (JobId.Parse(row.Id), UtcTime.FromText(row.Key[0]));
            }

            if ((cursor = page.Next) is null)
            {
                yield break;
            }
        }
    }

    /// <summary>Jobs with something owed or running.</summary>
    public async ValueTask<IReadOnlyList<JobId>> WithOpenLaunchesAsync()
    {
        var jobs = new List<JobId>();
        var query = new IndexQuery(JobCollections.ByOpen) { Limit = PageSize, IncludeBodies = false };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(JobCollections.Jobs, query with { Cursor = cursor });
            jobs.AddRange(page.Rows.Select(row => JobId.Parse(row.Id)));
            if ((cursor = page.Next) is null)
            {
                return jobs;
            }
        }
    }
}

using System.Text.Json;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Jobs;

/// <summary>
/// Every spec that a job ever had, and since when. A version is stored before the job's document moves to it; one with a number above the job's was
/// left by a change that never took effect, counts for nothing, and is overwritten by the next change.
/// </summary>
public sealed class JobVersions(IDocumentStore store)
{
    internal async ValueTask SaveAsync(JobDocument job)
    {
        var id = JobCollections.VersionId(job.JobId, job.Version);
        var version = new JobVersionDocument(job.JobId, job.Version, job.UpdatedAt, job.Spec);
        var body = JsonSerializer.SerializeToUtf8Bytes(version, DcronJson.Default.JobVersionDocument);
        DocumentWrite write = new DocumentWrite.Create(id, body);
        while (await store.WriteAsync(JobCollections.Versions, write) is not WriteResult.Written)
        {
            write = await store.GetAsync(JobCollections.Versions, id) is { } left
                ? new DocumentWrite.Replace(id, left.Revision, body)
                : new DocumentWrite.Create(id, body);
        }
    }

    /// <summary>The versions of a job that took effect, oldest first.</summary>
    public async ValueTask<IReadOnlyList<JobVersionDocument>> ListAsync(JobDocument job, CancellationToken cancellationToken = default)
    {
        var versions = new List<JobVersionDocument>();
        var query = new IndexQuery(JobCollections.ByJob, job.JobId.Value) { Limit = 1000 };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(JobCollections.Versions, query with { Cursor = cursor }, cancellationToken);
            versions.AddRange(page.Rows
                .Select(row => JsonSerializer.Deserialize(row.Document!.Body.Span, DcronJson.Default.JobVersionDocument)!)
                .Where(version => version.Version <= job.Version));
            if ((cursor = page.Next) is null)
            {
                return versions;
            }
        }
    }
}

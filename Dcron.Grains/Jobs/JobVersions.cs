using System.Security.Cryptography;
using System.Text.Json;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Jobs;

/// <summary>
/// Every spec that a job ever had, and since when. A version is stored before the job's document moves to it, which then names it by number and token; what
/// it does not name was left by a change that never took effect, and counts for nothing.
/// </summary>
public sealed class JobVersions(IDocumentStore store)
{
    /// <summary>The same job with a token for its version that no other change can have chosen.</summary>
    internal static JobDocument WithToken(JobDocument job) => job with { VersionToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)) };

    /// <param name="job">The job with its new version.</param>
    /// <param name="previous">Token of the version before; null for the first.</param>
    internal async ValueTask SaveAsync(JobDocument job, string? previous)
    {
        var version = new JobVersionDocument(job.JobId, job.Version, job.UpdatedAt, job.Spec) { Token = job.VersionToken, Previous = previous };
        await CreateAsync(JobCollections.VersionId(job.JobId, job.Version, job.VersionToken), version);
    }

    /// <summary>Keeps when a job was deleted, before its document goes.</summary>
    internal async ValueTask CloseAsync(JobDocument job)
    {
        var last = new JobVersionDocument(job.JobId, job.Version + 1, job.DeletedAt!.Value, job.Spec) { Previous = job.VersionToken, DeletedAt = job.DeletedAt };
        await CreateAsync(JobCollections.LastVersionId(job.JobId), last);
    }

    /// <summary>Whether a job was deleted for good.</summary>
    internal async ValueTask<bool> AreClosedAsync(JobId jobId) => await store.GetAsync(JobCollections.Versions, JobCollections.LastVersionId(jobId)) is not null;

    /// <summary>One version of a job that took effect; null when there is none of that number.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="job">Its document; null when it is gone.</param>
    /// <param name="version">The number.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async ValueTask<JobVersionDocument?> FindAsync(JobId jobId, JobDocument? job, int version, CancellationToken cancellationToken = default)
    {
        var versions = job is null ? await ListDeletedAsync(jobId, cancellationToken) : await ListAsync(job, cancellationToken);
        return versions.FirstOrDefault(known => known.Version == version && known.DeletedAt is null);
    }

    /// <summary>The versions of a job that took effect, oldest first.</summary>
    public async ValueTask<IReadOnlyList<JobVersionDocument>> ListAsync(JobDocument job, CancellationToken cancellationToken = default) =>
        Chain(await StoredAsync(job.JobId, cancellationToken), job.JobId, job.Version, job.VersionToken);

    /// <summary>The versions of a job that is gone, the last of which bears the time of its deletion; empty when that was not kept.</summary>
    internal async ValueTask<IReadOnlyList<JobVersionDocument>> ListDeletedAsync(JobId jobId, CancellationToken cancellationToken = default)
    {
        var stored = await StoredAsync(jobId, cancellationToken);
        return stored.TryGetValue(JobCollections.LastVersionId(jobId), out var last) ? [.. Chain(stored, jobId, last.Version - 1, last.Previous), last] : [];
    }

    private static List<JobVersionDocument> Chain(Dictionary<string, JobVersionDocument> stored, JobId jobId, int version, string? token)
    {
        var versions = new List<JobVersionDocument>();
        while (version >= 1 && stored.TryGetValue(JobCollections.VersionId(jobId, version, token), out var found))
        {
            versions.Add(found);
            (version, token) = (version - 1, found.Previous);
        }

        versions.Reverse();
        return versions;
    }

    private async ValueTask<Dictionary<string, JobVersionDocument>> StoredAsync(JobId jobId, CancellationToken cancellationToken)
    {
        var stored = new Dictionary<string, JobVersionDocument>(StringComparer.Ordinal);
        var query = new IndexQuery(JobCollections.ByJob, jobId.Value) { Limit = 1000 };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(JobCollections.Versions, query with { Cursor = cursor }, cancellationToken);
            foreach (var row in page.Rows)
            {
                stored[row.Id] = JsonSerializer.Deserialize(row.Document!.Body.Span, DcronJson.Default.JobVersionDocument)!;
            }

            if ((cursor = page.Next) is null)
            {
                return stored;
            }
        }
    }

    // A conflict is an earlier try of the same write, whose answer was lost.
    private async ValueTask CreateAsync(string id, JobVersionDocument version) =>
        await store.WriteAsync(JobCollections.Versions, new DocumentWrite.Create(id, JsonSerializer.SerializeToUtf8Bytes(version, DcronJson.Default.JobVersionDocument)));
}

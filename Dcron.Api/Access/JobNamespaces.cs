using System.Collections.Concurrent;
using System.Text.Json;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Api.Access;

/// <summary>
/// In which namespace a job is, or was before it was deleted. Each of its versions says so, the first of which is stored before the job; it never
/// changes, so an answer may be remembered.
/// </summary>
internal sealed class JobNamespaces(IDocumentStore store)
{
    private const int MostRemembered = 20_000;

    private readonly ConcurrentDictionary<JobId, string> _known = new();

    /// <returns>Null when there never was such a job.</returns>
    public async ValueTask<string?> FindAsync(JobId id, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(id, out var known))
            return known;
        var versions = await store.QueryAsync(JobCollections.Versions, new IndexQuery(JobCollections.ByJob, id.Value) { Limit = 1 }, cancellationToken);
        if (versions.Rows is not [{ Document: { } first }, ..])
            return null;

        var version = JsonSerializer.Deserialize(first.Body.Span, DcronJson.Default.JobVersionDocument) ?? throw new JsonException("a job's version is null");
        if (_known.Count >= MostRemembered)
            _known.Clear();
        return _known[id] = version.Spec.InNamespace;
    }
}

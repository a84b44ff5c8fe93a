using Dcron.Api.Access;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;

namespace Dcron.Api.Console.Reading;

/// <summary>
/// Tells of many jobs at once which are in some namespaces, for viewers who are limited to these: from the index of jobs, read as a whole and kept for a few
/// seconds; and from its versions where a job is deleted.
/// </summary>
internal sealed class JobOwners(IDocumentStore store, JobNamespaces deleted, TimeProvider time) : IDisposable
{
    private const int AtOnce = 10_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _one = new(1, 1);
    private Dictionary<string, string>? _known;
    private DateTimeOffset _readAt;
    private ITimer? _forget;

    public void Dispose()
    {
        _forget?.Dispose();
        _one.Dispose();
    }

    /// <summary>Those of the jobs that are in the scope.</summary>
    public async ValueTask<IReadOnlySet<JobId>> AmongAsync(IEnumerable<JobId> jobs, NamespaceScope scope, CancellationToken cancellationToken)
    {
        var known = await KnownAsync(cancellationToken);
        var ours = new HashSet<JobId>();
        foreach (var job in jobs.Distinct())
        {
            var name = known.GetValueOrDefault(job.Value) ?? await deleted.FindAsync(job, cancellationToken);
            if (name is not null && scope.Allows(name))
                ours.Add(job);
        }

        return ours;
    }

    /// <summary>Whether there is any job in the scope.</summary>
    public async ValueTask<bool> AnyAsync(NamespaceScope scope, CancellationToken cancellationToken) => (await KnownAsync(cancellationToken)).Values.Any(scope.Allows);

    private async ValueTask<Dictionary<string, string>> KnownAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_known is not null && now - _readAt < Fresh)
                return _known;

            var (known, names) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
            var query = new IndexQuery(JobCollections.ByListKey) { Limit = AtOnce, IncludeBodies = false };
            for (string? cursor = null; ;)
            {
                var page = await store.QueryAsync(JobCollections.Jobs, query with { Cursor = cursor }, cancellationToken);
                foreach (var row in page.Rows)
                {
                    var name = ListFilter.NamespaceOf(row.Key[1]);
                    known[row.Id] = names.TryGetValue(name, out var same) ? same : names[name] = name;
                }

                if ((cursor = page.Next) is null)
                    break;
            }

            (_known, _readAt) = (known, now);
            _forget ??= time.CreateTimer(_ => _known = null, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _forget.Change(TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);
            return known;
        }
        finally
        {
            _one.Release();
        }
    }
}

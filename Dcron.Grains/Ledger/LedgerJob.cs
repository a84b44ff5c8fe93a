using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Ledger.Oracle;

namespace Dcron.Grains.Ledger;

/// <summary>A job as the ledger sees it: which spec was in force when, and what its document still has in hand.</summary>
internal sealed class LedgerJob
{
    private readonly IReadOnlyList<JobVersionDocument> _versions;
    private readonly JobDocument? _job;
    private readonly HashSet<ExecutionId> _open;
    private readonly HashSet<ExecutionId> _unrecorded;

    /// <param name="jobId">The job.</param>
    /// <param name="versions">Those that took effect, oldest first; for a deleted job the last one bears the time of its deletion.</param>
    /// <param name="job">Its document; null when it is gone.</param>
    public LedgerJob(JobId jobId, IReadOnlyList<JobVersionDocument> versions, JobDocument? job)
    {
        (JobId, _versions, _job) = (jobId, versions, job);
        _open = [.. job?.Open.Select(owed => owed.Launch.ExecutionId) ?? []];
        _unrecorded = [.. job?.Unrecorded.Select(passed => passed.ExecutionId) ?? []];
    }

    public JobId JobId { get; }

    /// <summary>Null when nothing is known of it.</summary>
    public string? Namespace => (_job?.Spec ?? (_versions is [.., var last] ? last.Spec : null))?.InNamespace;

    /// <summary>Up to here the job has decided; null when it is gone, and so has decided everything.</summary>
    public DateTimeOffset? PlannedUpTo => _job?.PlannedUpTo;

    public bool IsOpen(ExecutionId id) => _open.Contains(id);

    public bool IsUnrecorded(ExecutionId id) => _unrecorded.Contains(id);

    /// <summary>The fire times from <paramref name="from"/> up to <paramref name="last"/>, by the spec that was in force at each.</summary>
    public IEnumerable<DateTimeOffset> FireTimes(DateTimeOffset from, DateTimeOffset last)
    {
        for (var i = 0; i < _versions.Count; i++)
        {
            var version = _versions[i];
            if (version.DeletedAt is not null || !version.Spec.Enabled)
            {
                continue;
            }

            // A change takes effect after its own instant: what was due at it was the spec before's.
            var after = Later(version.EffectiveAt, from.AddTicks(-1));
            var to = i + 1 < _versions.Count ? Earlier(_versions[i + 1].EffectiveAt, last) : Earlier(_job?.DeletedAt ?? last, last);
            if (after < to)
            {
                foreach (var fireTime in new FireTimeOracle(version.Spec, JobId).Between(after, to))
                {
                    yield return fireTime;
                }
            }
        }
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}

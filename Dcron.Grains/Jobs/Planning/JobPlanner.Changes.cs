using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs.Planning;

internal static partial class JobPlanner
{
    /// <summary>A new spec. What was due until now is decided under the old one; the new one rules from the instant after.</summary>
    /// <exception cref="InvalidOperationException">The job is deleted.</exception>
    public static JobChange Update(JobDocument job, JobSpec spec, ScriptPin? pin, DateTimeOffset now)
    {
        ThrowIfDeleted(job);
        now = UtcTime.ToMilliseconds(now);
        var (planned, isBehind) = Decide(job, now);
        if (isBehind)
        {
            return Waiting(job, planned, now);
        }

        // Where the clock stepped back, what the old spec decided stays decided: the change takes effect at the mark.
        var effective = Latest(now, planned.PlannedUpTo);
        var updated = Settle(
            planned with
            {
                Version = planned.Version + 1,
                Spec = spec with { Unknown = spec.Unknown ?? planned.Spec.Unknown }, // what a later version set, whoever changes the rest
                UpdatedAt = effective,
                PlannedUpTo = effective,
                Script = PinOf(spec, pin, planned.Script),
                ListFilter = ListFilter.Of(spec),
            },
            now);
        return new JobChange(updated, true, true, Unwanted(updated));
    }

    /// <summary>
    /// Pauses or resumes; a new version of the spec. Pausing drops scheduled launches, not manual runs, which may be asked for of a paused
    /// job, too. Fire times of the pause are never made up.
    /// </summary>
    /// <exception cref="InvalidOperationException">The job is deleted.</exception>
    public static JobChange SetEnabled(JobDocument job, bool enabled, DateTimeOffset now)
    {
        ThrowIfDeleted(job);
        return job.Spec.Enabled == enabled ? new JobChange(job, false, true, []) : Update(job, job.Spec with { Enabled = enabled }, null, now);
    }

    /// <summary>Makes a tombstone of the job, which stays until everything that is open is settled; all that is open should be dropped.</summary>
    public static JobChange Delete(JobDocument job, DateTimeOffset now)
    {
        if (job.DeletedAt is not null)
        {
            return new JobChange(job, false, true, Unwanted(job));
        }

        now = UtcTime.ToMilliseconds(now);
        var (planned, isBehind) = Decide(job, now);
        if (isBehind)
        {
            return Waiting(job, planned, now);
        }

        var effective = Latest(now, planned.PlannedUpTo);
        var deleted = Settle(planned with { DeletedAt = effective, PlannedUpTo = effective, ListKey = null, ListFilter = null }, now);
        return new JobChange(deleted, true, true, Unwanted(deleted));
    }

    /// <summary>What should not be launched any more if nobody has claimed it: all of a job that is deleted, the scheduled of one that is paused.</summary>
    public static IReadOnlyList<OwedLaunch> Unwanted(JobDocument job) => job.DeletedAt is not null ? job.Open
        : job.Spec.Enabled ? []
        : [.. job.Open.Where(owed => owed.Launch.ExecutionId.IsScheduled)];

    /// <summary>
    /// One run now, also of a paused job. It is never skipped itself; while it is open, scheduled instants see it as an overlap, since it is the
    /// same job that runs. What is due already is decided first, so that the run does not stand in its way.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="keyHash">Hash of the caller's idempotency key; null when there is none.</param>
    /// <param name="pin">What the script is now; null to keep what is known.</param>
    /// <param name="now">When it was asked for.</param>
    /// <exception cref="InvalidOperationException">The job is deleted.</exception>
    public static ManualRun RunNow(JobDocument job, string? keyHash, ScriptPin? pin, DateTimeOffset now)
    {
        ThrowIfDeleted(job);
        if (keyHash is not null && job.KeyedRuns.FirstOrDefault(run => run.KeyHash == keyHash) is { } known)
        {
            return new ManualRun(job, known.ExecutionId, true);
        }

        now = UtcTime.ToMilliseconds(now);
        var (planned, _) = Decide(job, now);
        planned = planned with { ManualRuns = planned.ManualRuns + 1, Script = PinOf(planned.Spec, pin, planned.Script) };
        var id = ExecutionId.ManualRun(job.JobId, now, planned.ManualRuns);
        planned = planned with
        {
            Open = [.. planned.Open, new OwedLaunch(Launch(planned, id, ExecutionTrigger.Manual), now)],
            KeyedRuns = keyHash is null ? planned.KeyedRuns : [.. planned.KeyedRuns.TakeLast(MaxKeyedRuns - 1), new KeyedRun(keyHash, id)],
        };
        return new ManualRun(Settle(planned, now), id, false);
    }

    /// <summary>One run now that repeats an execution exactly: by the spec and the bytes that it had.</summary>
    /// <param name="job">The job.</param>
    /// <param name="origin">What is repeated.</param>
    /// <param name="spec">The version of the spec that it was planned with.</param>
    /// <param name="keyHash">Hash of the caller's idempotency key; null when there is none.</param>
    /// <param name="now">When it was asked for.</param>
    /// <exception cref="InvalidOperationException">The job is deleted.</exception>
    public static ManualRun Rerun(JobDocument job, ExecutionDocument origin, JobVersionDocument spec, string? keyHash, DateTimeOffset now)
    {
        var run = RunNow(job, keyHash, null, now);
        return run.IsRepeat ? run : run with { Job = run.Job with { Open = [.. run.Job.Open.Select(owed => owed.Launch.ExecutionId == run.ExecutionId ? owed with { Launch = Again(job, run.ExecutionId) } : owed)] } };

        ExecuteJob Again(JobDocument current, ExecutionId id) =>
            Launch(current with { Spec = spec.Spec with { Name = current.Spec.Name, Namespace = current.Spec.Namespace }, Version = spec.Version }, id, ExecutionTrigger.Manual)
                with { ScriptSha256 = origin.ScriptSha256, RerunOf = origin.ExecutionId };
    }

    private static JobChange Waiting(JobDocument job, JobDocument planned, DateTimeOffset now) =>
        ReferenceEquals(job, planned) ? new JobChange(job, false, false, []) : new JobChange(Settle(planned, now), true, false, []);

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static void ThrowIfDeleted(JobDocument job)
    {
        if (job.DeletedAt is not null)
        {
            throw new InvalidOperationException($"Job {job.JobId} is deleted.");
        }
    }
}

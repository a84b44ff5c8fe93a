using Dcron.Grains.Executions;
using Dcron.Grains.Json;
using Dcron.Grains.Scheduling;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>
/// Every decision on a job, as pure functions from one document to the next: the grain loads, decides, saves, and only then acts.
/// </summary>
/// <remarks>
/// What they keep, whatever the order of calls and the clock: the high-water mark never goes back; every fire time up to it was
/// decided exactly once, under the spec in force at that instant (a change takes effect after its own instant); the outbox forgets nothing
/// by itself; a document that does not change is returned as it is, so that no write happens.
/// </remarks>
internal static partial class JobPlanner
{
    /// <summary>How long after its instant a launch still counts as on time.</summary>
    public static readonly TimeSpan MisfireThreshold = TimeSpan.FromSeconds(5);

    /// <summary>How often a job with something owed, running or unrecorded is looked at again.</summary>
    public static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(60);

    /// <summary>Most fire times that one plan decides.</summary>
    public const int MaxInstants = 500;

    /// <summary>Most passed instants that wait for their documents; while there are so many, nothing more is decided.</summary>
    public const int MaxUnrecorded = 2_000;

    /// <summary>Manual runs whose idempotency keys are remembered.</summary>
    public const int MaxKeyedRuns = 100;

    public static JobDocument Create(CreateJob message, ScriptPin? pin, DateTimeOffset now)
    {
        now = UtcTime.ToMilliseconds(now);
        return Settle(
            new JobDocument
            {
                JobId = message.JobId,
                Version = 1,
                Spec = message.Spec,
                CreatedAt = now,
                UpdatedAt = now,
                PlannedUpTo = now,
                Script = PinOf(message.Spec, pin, null),
                ListKey = message.JobId.Value,
                ListFilter = ListFilter.Of(message.Spec),
            },
            now);
    }

    /// <summary>Decides every fire time from the high-water mark to now. Where the clock stepped back behind the mark, there is none.</summary>
    public static JobPlan Plan(JobDocument job, DateTimeOffset now)
    {
        now = UtcTime.ToMilliseconds(now);
        var (decided, isBehind) = Decide(job, now);
        if (!ReferenceEquals(decided, job))
        {
            return new JobPlan(Settle(decided, now), true, isBehind);
        }

        // A wake that is set for earlier than needed does no harm; moving it would cost a write each time somebody looks.
        var wakeAt = WakeAt(job, now);
        return job.WakeAt == wakeAt || (job.WakeAt > now && job.WakeAt <= wakeAt)
            ? new JobPlan(job, false, isBehind)
            : new JobPlan(job with { WakeAt = wakeAt }, true, isBehind);
    }

    /// <summary>An execution's document is final: the job need not look after it any more.</summary>
    public static JobPlan Finished(JobDocument job, ExecutionId executionId, DateTimeOffset now)
    {
        var open = job.Open.Where(owed => owed.Launch.ExecutionId != executionId).ToArray();
        return open.Length == job.Open.Count ? new JobPlan(job, false) : new JobPlan(Settle(job with { Open = open }, UtcTime.ToMilliseconds(now)), true);
    }

    /// <summary>The documents of passed instants exist: the outbox may forget them.</summary>
    public static JobPlan Recorded(JobDocument job, IReadOnlyCollection<ExecutionId> executionIds, DateTimeOffset now)
    {
        var recorded = executionIds.ToHashSet();
        var unrecorded = job.Unrecorded.Where(passed => !recorded.Contains(passed.ExecutionId)).ToArray();
        return unrecorded.Length == job.Unrecorded.Count
            ? new JobPlan(job, false)
            : new JobPlan(Settle(job with { Unrecorded = unrecorded }, UtcTime.ToMilliseconds(now)), true);
    }

    /// <summary>True for a tombstone that may be removed.</summary>
    public static bool IsSettled(JobDocument job) => job.DeletedAt is not null && job.Open.Count == 0 && job.Unrecorded.Count == 0;

    /// <returns>The same document where nothing was due.</returns>
    private static (JobDocument Job, bool IsBehind) Decide(JobDocument job, DateTimeOffset now)
    {
        if (!IsScheduled(job) || now <= job.PlannedUpTo)
        {
            return (job, false);
        }

        var room = Math.Min(MaxInstants, MaxUnrecorded - job.Unrecorded.Count);
        var (due, isBehind) = (new List<DateTimeOffset>(), false);
        foreach (var instant in JobSchedules.Of(job.Spec, job.JobId).Between(job.PlannedUpTo, now))
        {
            if (due.Count >= room)
            {
                isBehind = true;
                break;
            }

            due.Add(instant);
        }

        return due.Count == 0 ? (job, isBehind) : (Decide(job, due, isBehind, now), isBehind);
    }

    private static JobDocument Decide(JobDocument job, List<DateTimeOffset> due, bool isBehind, DateTimeOffset now)
    {
        // Misfires give way to whatever comes later, on time or not; only what is on time runs each by itself.
        var firstOnTime = due.FindIndex(instant => instant >= now - MisfireThreshold);
        var firstToRun = firstOnTime >= 0 ? firstOnTime : isBehind ? due.Count : due.Count - 1;
        var unrecorded = job.Unrecorded.ToList();
        var open = job.Open.ToList();
        var latest = firstToRun < due.Count ? $"the latest fire time, {Text(due[firstToRun])}," : "a later fire time";
        for (var i = 0; i < due.Count; i++)
        {
            var id = ExecutionId.Scheduled(job.JobId, due[i]);
            if (i < firstToRun)
            {
                unrecorded.Add(new PassedInstant(id, ExecutionResult.Missed,
                    $"It could be planned only at {Text(now)}, too late to be on time; by the misfire policy run_latest, {latest} took its place."));
            }
            else if (open.Count > 0)
            {
                unrecorded.Add(new PassedInstant(id, ExecutionResult.Skipped,
                    $"{open[0].Launch.ExecutionId} of the same job was still queued or running (overlap policy skip)."));
            }
            else
            {
                open.Add(new OwedLaunch(Launch(job, id, ExecutionTrigger.Schedule), now));
            }
        }

        return job with { Open = open, Unrecorded = unrecorded, PlannedUpTo = isBehind ? due[^1] : now };
    }

    private static ExecuteJob Launch(JobDocument job, ExecutionId id, ExecutionTrigger trigger) => new()
    {
        ExecutionId = id,
        JobId = job.JobId,
        JobName = job.Spec.Name,
        JobVersion = job.Version,
        ScriptType = job.Spec.ScriptType,
        ScriptLocation = job.Spec.ScriptLocation,
        ScriptSha256 = PinOf(job.Spec, job.Script, null)?.Sha256,
        Args = job.Spec.Args,
        Env = job.Spec.Env,
        TimeoutSeconds = job.Spec.TimeoutSeconds,
        WorkerSelector = job.Spec.WorkerSelector,
        Trigger = trigger,
    };

    /// <summary>Brings what is derived from the rest of the document up to date.</summary>
    private static JobDocument Settle(JobDocument job, DateTimeOffset now) => job with
    {
        WakeAt = WakeAt(job, now),
        OpenSince = job.Open.Count == 0 ? null : job.Open.Min(owed => owed.PlannedAt),
    };

    private static DateTimeOffset? WakeAt(JobDocument job, DateTimeOffset now)
    {
        DateTimeOffset? recheck = job.Open.Count > 0 || job.Unrecorded.Count > 0 ? now + RecheckInterval : null;
        var next = IsScheduled(job) && job.Unrecorded.Count < MaxUnrecorded ? JobSchedules.Of(job.Spec, job.JobId).NextAfter(job.PlannedUpTo) : null;

        // The next fire time may have passed already. It is not moved to now: a clock that steps back must not put it off.
        return next is null || recheck < next ? recheck : next;
    }

    private static bool IsScheduled(JobDocument job) => job.Spec.Enabled && job.DeletedAt is null;

    /// <summary>The pin that fits the spec: the new one, else the one before, else none.</summary>
    private static ScriptPin? PinOf(JobSpec spec, ScriptPin? pin, ScriptPin? before) =>
        pin?.Location == spec.ScriptLocation ? pin : before?.Location == spec.ScriptLocation ? before : null;

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}

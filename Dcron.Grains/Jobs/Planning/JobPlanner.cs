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

    /// <summary>The same while a running execution is to be ended, so that a lost request is made good soon.</summary>
    public static readonly TimeSpan EndingInterval = TimeSpan.FromSeconds(5);

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

    /// <summary>An execution will not run, and nothing follows it: the job need not look after it any more.</summary>
    public static JobPlan Finished(JobDocument job, ExecutionId executionId, DateTimeOffset now)
    {
        var open = job.Open.Where(owed => owed.Launch.ExecutionId != executionId).ToArray();
        return open.Length == job.Open.Count ? new JobPlan(job, false) : new JobPlan(Settle(job with { Open = open }, UtcTime.ToMilliseconds(now)), true);
    }

    /// <summary>
    /// An execution's document is final: another attempt takes its place, or the job need not look after it any more. Nothing is retried of a job
    /// that is deleted, of its schedule while it is paused, of a cancelled backfill, or of what was replaced.
    /// </summary>
    public static JobPlan Finished(JobDocument job, ExecutionEnd end, DateTimeOffset now)
    {
        if (job.Open.FirstOrDefault(owed => owed.Launch.ExecutionId == end.ExecutionId) is not { } ended)
        {
            return new JobPlan(job, false);
        }

        now = UtcTime.ToMilliseconds(now);
        var mayFollow = job.DeletedAt is null && ended.ReplacedBy is null && (job.Spec.Enabled || !end.ExecutionId.IsScheduled) && !IsCancelled(job, end.ExecutionId);
        return mayFollow && Retries.Next(ended.Launch, end, job.Spec.Retries, now) is { } next
            ? new JobPlan(Settle(job with { Open = [.. job.Open.Select(owed => ReferenceEquals(owed, ended) ? new OwedLaunch(next, now) : owed)] }, now), true)
            : Finished(job, end.ExecutionId, now);
    }

    /// <summary>Scheduled launches that are too late to be started, if nobody has claimed them yet: create each one's document as <c>missed</c>.</summary>
    public static IReadOnlyList<OwedLaunch> Overdue(JobDocument job, DateTimeOffset now) => job.Spec.StartingDeadlineSeconds is null
        ? []
        : [.. job.Open.Where(owed => HasDeadline(owed) && Misfires.IsPast(job.Spec, DueAt(owed), now))];

    /// <summary>Launches that another one takes the place of: drop each, or end it where it runs.</summary>
    public static IReadOnlyList<OwedLaunch> Replaced(JobDocument job) => [.. job.Open.Where(owed => owed.ReplacedBy is not null)];

    /// <summary>Whether a launch may be offered to workers now.</summary>
    public static bool MayStart(OwedLaunch owed, DateTimeOffset now) => !owed.Waits && owed.ReplacedBy is null && DueAt(owed) <= now;

    /// <summary>The launch as workers are offered it: with the instant from which on nobody is to claim it any more.</summary>
    public static OwedLaunch ToOffer(JobDocument job, OwedLaunch owed) => job.Spec.StartingDeadlineSeconds is { } deadline && HasDeadline(owed)
        ? owed with { Launch = owed.Launch with { ClaimBefore = DueAt(owed).AddSeconds(deadline) } }
        : owed;

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
        var times = JobSchedules.Of(job.Spec, job.JobId);
        foreach (var instant in times.Between(job.PlannedUpTo, now))
        {
            if (due.Count >= room)
            {
                isBehind = true;
                break;
            }

            due.Add(instant);
        }

        return due.Count == 0 ? (job, isBehind) : (Decide(job, due, isBehind, times, now), isBehind);
    }

    private static JobDocument Decide(JobDocument job, List<DateTimeOffset> due, bool isBehind, FireTimes times, DateTimeOffset now)
    {
        var unrecorded = job.Unrecorded.ToList();
        var launches = new List<OwedLaunch>();
        foreach (var instant in Misfires.Judge(job, due, isBehind, times, now))
        {
            if (instant.Missed is { } reason)
            {
                unrecorded.Add(new PassedInstant(instant.ExecutionId, ExecutionResult.Missed, reason));
            }
            else
            {
                launches.Add(new OwedLaunch(Launch(job, instant.ExecutionId, ExecutionTrigger.Schedule) with { DueAt = instant.DueAt }, now));
            }
        }

        var taken = Overlap.Take(job.Open, launches, job.Spec);
        return job with { Open = taken.Open, Unrecorded = [.. unrecorded, .. taken.Skipped], PlannedUpTo = isBehind ? due[^1] : now };
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
        TzVersion = trigger == ExecutionTrigger.Manual ? null : TimezoneName.DatabaseVersion,
        Namespace = job.Spec.Namespace,
        Secrets = job.Spec.Secrets,
        Limits = job.Spec.Limits,
        Network = job.Spec.Network,
        Stderr = job.Spec.Stderr,
    };

    /// <summary>Brings what is derived from the rest of the document up to date.</summary>
    private static JobDocument Settle(JobDocument job, DateTimeOffset now)
    {
        var settled = job with { Open = Overlap.Release(job.Open, job.Spec.OverlapPolicy) };
        var wakeAt = WakeAt(settled, now);
        return settled with
        {
            // What need not wait any more is to be offered at once.
            WakeAt = ReferenceEquals(settled.Open, job.Open) ? wakeAt : Earlier(wakeAt, now),
            OpenSince = settled.Open.Count > 0 ? settled.Open.Min(owed => owed.PlannedAt)
                : settled.DeletedAt is null ? Active(settled)?.RequestedAt // so that retention leaves it what it is about to read and write
                : null,
        };
    }

    private static DateTimeOffset? WakeAt(JobDocument job, DateTimeOffset now)
    {
        DateTimeOffset? wakeAt = job.Open.Any(owed => owed.ReplacedBy is not null) ? now + EndingInterval
            : job.Open.Count > 0 || job.Unrecorded.Count > 0 ? now + RecheckInterval
            : null;
        foreach (var owed in job.Open)
        {
            if (!owed.Waits && owed.Launch.DueAt is { } dueAt && dueAt > now)
            {
                wakeAt = Earlier(wakeAt, dueAt);
            }

            if (job.Spec.StartingDeadlineSeconds is { } deadline && HasDeadline(owed) && DueAt(owed).AddSeconds(deadline) is var missedAt && missedAt > now)
            {
                wakeAt = Earlier(wakeAt, missedAt);
            }
        }

        if (job.DeletedAt is null && Active(job) is { } backfill && RoomFor(backfill, job) > 0)
        {
            wakeAt = Earlier(wakeAt, now);
        }

        // The next fire time may have passed already. It is not moved to now: a clock that steps back must not put it off.
        return IsScheduled(job) && job.Unrecorded.Count < MaxUnrecorded && JobSchedules.Of(job.Spec, job.JobId).NextAfter(job.PlannedUpTo) is { } next
            ? Earlier(wakeAt, next)
            : wakeAt;
    }

    private static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset b) => a < b ? a.Value : b;

    private static DateTimeOffset DueAt(OwedLaunch owed) => owed.Launch.DueAt ?? owed.Launch.ExecutionId.FireTime;

    private static bool HasDeadline(OwedLaunch owed) => owed.Launch.ExecutionId is { IsScheduled: true, Attempt: 1 } && owed.ReplacedBy is null;

    private static bool IsScheduled(JobDocument job) => job.Spec.Enabled && job.DeletedAt is null;

    /// <summary>The pin that fits the spec: the new one, else the one before, else none.</summary>
    private static ScriptPin? PinOf(JobSpec spec, ScriptPin? pin, ScriptPin? before) =>
        pin?.Location == spec.ScriptLocation ? pin : before?.Location == spec.ScriptLocation ? before : null;
}

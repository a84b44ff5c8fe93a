using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>Some of a backfill's fire times, to be looked up in the history before they are decided.</summary>
/// <param name="FireTimes">The next undecided ones, in order.</param>
/// <param name="IsLast">True when no more come after them.</param>
internal sealed record BackfillLook(int Number, IReadOnlyList<DateTimeOffset> FireTimes, bool IsLast);

/// <summary>A backfill that was asked for.</summary>
/// <param name="Job">The job afterwards; the same object for a repeat.</param>
/// <param name="IsRepeat">True when the idempotency key was known: nothing was begun.</param>
internal sealed record BackfillRequest(JobDocument Job, Backfill Backfill, bool IsRepeat);

internal static partial class JobPlanner
{
    /// <summary>Most backfills of a job that go on at once.</summary>
    public const int MaxBackfills = 5;

    /// <summary>Backfills that have ended and are still shown, and whose idempotency keys are remembered.</summary>
    public const int MaxEndedBackfills = 10;

    private const int MaxBackfillLook = 200;

    /// <summary>Begins a backfill. Its fire times are decided by and by, as there is room for them.</summary>
    /// <param name="job">The job, paused or not.</param>
    /// <param name="asked">What was asked for; checked already.</param>
    /// <param name="keyHash">Hash of the caller's idempotency key; null when there is none.</param>
    /// <param name="pin">What the script is now; null to keep what is known.</param>
    /// <param name="now">When it was asked for.</param>
    /// <exception cref="InvalidOperationException">The job is deleted.</exception>
    public static BackfillRequest RequestBackfill(JobDocument job, RequestBackfill asked, string? keyHash, ScriptPin? pin, DateTimeOffset now)
    {
        ThrowIfDeleted(job);
        var before = job.Backfills ?? [];
        if (keyHash is not null && before.FirstOrDefault(known => known.KeyHash == keyHash) is { } repeated)
        {
            return new BackfillRequest(job, repeated, true);
        }

        now = UtcTime.ToMilliseconds(now);
        var backfill = new Backfill
        {
            Number = job.BackfillCount + 1,
            From = UtcTime.ToMilliseconds(asked.From),
            To = UtcTime.ToMilliseconds(asked.To),
            DecidedUpTo = UtcTime.ToMilliseconds(asked.From),
            MaxConcurrent = asked.MaxConcurrent,
            RequestedAt = now,
            KeyHash = keyHash,
        };
        var ended = before.Where(known => known.EndedAt is not null).TakeLast(MaxEndedBackfills).ToHashSet();
        var begun = job with
        {
            BackfillCount = backfill.Number,
            Backfills = [.. before.Where(known => known.EndedAt is null || ended.Contains(known)), backfill],
            Script = PinOf(job.Spec, pin, job.Script),
        };
        return new BackfillRequest(Settle(begun, now), backfill, false);
    }

    /// <summary>The fire times of a period by the job's present schedule: from the one instant on, and before the other.</summary>
    public static IEnumerable<DateTimeOffset> InstantsOf(JobDocument job, RequestBackfill asked) =>
        JobSchedules.Of(job.Spec, job.JobId).Between(asked.From.AddTicks(-1), asked.To.AddTicks(-1));

    /// <summary>The fire times that the oldest backfill must decide next; null when none goes on, or none of its launches could be opened now.</summary>
    public static BackfillLook? NextOfBackfill(JobDocument job)
    {
        if (job.DeletedAt is not null || Active(job) is not { } backfill || RoomFor(backfill, job) == 0)
        {
            return null;
        }

        var found = JobSchedules.Of(job.Spec, job.JobId).Between(backfill.DecidedUpTo.AddTicks(-1), backfill.To.AddTicks(-1)).Take(MaxBackfillLook + 1).ToList();
        var isLast = found.Count <= MaxBackfillLook;
        return new BackfillLook(backfill.Number, isLast ? found : found[..MaxBackfillLook], isLast);
    }

    /// <summary>Decides fire times of a backfill in their order: those that have succeeded are left out, the others launched as long as there is room.</summary>
    /// <param name="job">The job.</param>
    /// <param name="look">What <see cref="NextOfBackfill"/> said. What is decided since then is passed over.</param>
    /// <param name="succeeded">Those of them that have an execution which succeeded or runs.</param>
    /// <param name="now">The instant of the plan.</param>
    public static JobPlan PlanBackfill(JobDocument job, BackfillLook look, IReadOnlySet<DateTimeOffset> succeeded, DateTimeOffset now)
    {
        if (job.DeletedAt is not null || Active(job) is not { } backfill || backfill.Number != look.Number)
        {
            return new JobPlan(job, false);
        }

        now = UtcTime.ToMilliseconds(now);
        var (open, done, room) = (job.Open.ToList(), backfill, RoomFor(backfill, job));
        var whole = look.IsLast;
        foreach (var fireTime in look.FireTimes.Where(fireTime => fireTime >= backfill.DecidedUpTo))
        {
            var leftOut = succeeded.Contains(fireTime) || job.Open.Any(owed => owed.Launch.ExecutionId is { Manual: 0 } id && id.FireTime == fireTime);
            if (!leftOut && room == 0)
            {
                whole = false;
                break;
            }

            done = done with { DecidedUpTo = fireTime.AddSeconds(1), LeftOut = done.LeftOut + (leftOut ? 1 : 0), Launched = done.Launched + (leftOut ? 0 : 1) };
            if (!leftOut)
            {
                open.Add(new OwedLaunch(Launch(job, ExecutionId.Backfilled(job.JobId, fireTime, backfill.Number), ExecutionTrigger.Backfill), now));
                room--;
            }
        }

        done = whole ? done with { DecidedUpTo = done.To, EndedAt = now } : done;
        return done == backfill ? new JobPlan(job, false) : new JobPlan(Settle(With(job with { Open = open }, done), now), true);
    }

    /// <summary>Ends a backfill: nothing more of it is launched, and nothing of it is retried.</summary>
    /// <returns>Launches to drop; those that run end by themselves. Unchanged when there is no such backfill, or it is over.</returns>
    public static JobChange CancelBackfill(JobDocument job, int number, DateTimeOffset now)
    {
        if ((job.Backfills ?? []).FirstOrDefault(known => known.Number == number && !known.Cancelled) is not { } backfill
            || (backfill.EndedAt is not null && !job.Open.Any(owed => owed.Launch.ExecutionId.Backfill == number)))
        {
            return new JobChange(job, false, true, []);
        }

        now = UtcTime.ToMilliseconds(now);
        var cancelled = Settle(With(job, backfill with { EndedAt = backfill.EndedAt ?? now, Cancelled = true }), now);
        return new JobChange(cancelled, true, true, [.. cancelled.Open.Where(owed => owed.Launch.ExecutionId.Backfill == number)]);
    }

    private static bool IsCancelled(JobDocument job, ExecutionId id) =>
        id.Backfill > 0 && (job.Backfills ?? []).Any(known => known.Number == id.Backfill && known.Cancelled);

    private static Backfill? Active(JobDocument job) => job.Backfills?.FirstOrDefault(known => known.EndedAt is null);

    // Only where overlap is allowed may a backfill run beside the schedule, or beside itself.
    private static int RoomFor(Backfill backfill, JobDocument job) => job.Spec.OverlapPolicy == OverlapPolicy.Allow
        ? Math.Max(0, backfill.MaxConcurrent - job.Open.Count(owed => owed.Launch.ExecutionId.Backfill == backfill.Number))
        : job.Open.Count == 0 ? 1 : 0;

    private static JobDocument With(JobDocument job, Backfill changed) => job with { Backfills = [.. job.Backfills!.Select(known => known.Number == changed.Number ? changed : known)] };
}

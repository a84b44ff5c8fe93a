using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Tests.Simulation;

/// <summary>A rule of dcron that is broken at the seam where it is kept; the simulation must notice each.</summary>
internal enum Mutant
{
    None,

    /// <summary>The second create of an execution's document succeeds like the first.</summary>
    ClaimsAreNotExclusive,

    /// <summary>A worker is told that its claim holds although somebody was first.</summary>
    StartsAfterConflict,

    /// <summary>An outcome is written whatever the document says by now.</summary>
    FinishesWithoutRevision,

    /// <summary>A job goes on as if its document had been saved although it was not.</summary>
    MarksBeforeSaving,

    /// <summary>A launch is forgotten as soon as it was planned.</summary>
    ForgetsOwedLaunches,

    /// <summary>A fire time that was decided against is forgotten before its record exists.</summary>
    ForgetsUnrecorded,

    /// <summary>A silo that stands still is taken for dead at once, and its scripts for gone.</summary>
    DoesNotWaitForTheLease,

    /// <summary>What the spool says was begun is begun again.</summary>
    StartsFromTheSpool,

    /// <summary>What must wait for others of its job does not.</summary>
    OverlapsAreLetIn,

    /// <summary>The longest wait first.</summary>
    QueueIsReversed,

    /// <summary>What was replaced is never told to end.</summary>
    ReplacedRunOn,

    /// <summary>The number of retries is not kept.</summary>
    RetriesWithoutEnd,

    /// <summary>An attempt that is due later is forgotten.</summary>
    ForgetsRetries,

    /// <summary>How far a backfill is, is not kept.</summary>
    BackfillsForgetTheirMark,

    /// <summary>A backfill's launch is forgotten as soon as it was planned.</summary>
    ForgetsBackfills,

    /// <summary>Idempotency keys are not kept.</summary>
    ForgetsKeys,

    /// <summary>A launch runs what its script is when it is looked at, not when it was planned.</summary>
    LaunchesAreNotPinned,

    /// <summary>A month is dropped without a word to those who still have something of it in hand.</summary>
    DropsWithoutHorizon,

    /// <summary>What is deleted is not remembered to have been there.</summary>
    ForgetsDeletions,

    /// <summary>Starting deadlines are not kept.</summary>
    ForgetsDeadlines,

    /// <summary>A worker does not look at the starting deadline of what it takes.</summary>
    TakesWhatIsTooLate,

    /// <summary>What is on time is missed.</summary>
    MissesWhatIsOnTime,

    /// <summary>The misfire policy <c>skip</c> runs what is late.</summary>
    RunsWhatIsSkipped,

    /// <summary>The misfire policy <c>run_latest</c> runs the oldest.</summary>
    RunsTheOldest,

    /// <summary>The misfire policy <c>run_all</c> runs the latest first.</summary>
    RunsAllBackwards,

    /// <summary>The misfire policy <c>run_all</c> runs one more than there is room for.</summary>
    RunsOneMore,

    /// <summary>A queue takes one more than its limit.</summary>
    QueuesOneMore,

    /// <summary>What should be replaced is not.</summary>
    ReplacesNothing,

    /// <summary>There is one attempt more than the policy says.</summary>
    RetriesOnceMore,

    /// <summary>Exit statuses that are not listed are tried again.</summary>
    RetriesAnyStatus,

    /// <summary>Another attempt does not wait.</summary>
    RetriesAtOnce,

    /// <summary>Delays between attempts don't grow.</summary>
    RetriesDoNotBackOff,
}

internal static class Mutants
{
    /// <summary>A job's document as a job without the rule would save it.</summary>
    public static JobDocument Break(Mutant mutant, JobDocument job) => mutant switch
    {
        Mutant.ForgetsOwedLaunches when job.Open.Count > 0 => job with { Open = [] },
        Mutant.ForgetsUnrecorded when job.Unrecorded.Count > 0 => job with { Unrecorded = [] },
        Mutant.OverlapsAreLetIn => Each(job, owed => owed with { Waits = false }),
        Mutant.QueueIsReversed when job.Open.Count(owed => owed.Waits) > 1 => job with { Open = [.. job.Open.Where(owed => !owed.Waits), .. job.Open.Where(owed => owed.Waits).Reverse()] },
        Mutant.RetriesWithoutEnd when job.Spec.Retries is { } retries => job with { Spec = job.Spec with { Retries = retries with { Count = 100 } } },
        Mutant.ForgetsRetries => job with { Open = [.. job.Open.Where(owed => owed.Launch.ExecutionId.Attempt == 1)] },
        Mutant.BackfillsForgetTheirMark when job.Backfills is { } backfills => job with { Backfills = [.. backfills.Select(backfill => backfill with { DecidedUpTo = backfill.From })] },
        Mutant.ForgetsBackfills => job with { Open = [.. job.Open.Where(owed => owed.Launch.ExecutionId.Backfill == 0)] },
        Mutant.ForgetsDeadlines => job with { Spec = job.Spec with { StartingDeadlineSeconds = null } },
        Mutant.MissesWhatIsOnTime when job.Open.FirstOrDefault(owed => IsFresh(job, owed)) is { } owed => job with { Open = [.. job.Open.Where(other => other != owed)], Unrecorded = [.. job.Unrecorded, new PassedInstant(owed.Launch.ExecutionId, ExecutionResult.Missed, "It was late.")] },
        Mutant.RunsWhatIsSkipped when job.Spec.MisfirePolicy == MisfirePolicy.Skip => job with { Spec = job.Spec with { MisfirePolicy = MisfirePolicy.RunLatest } },
        Mutant.RunsTheOldest when job.Open.FirstOrDefault(owed => IsFresh(job, owed)) is { } owed && PassedBy(job, "run_latest") is [var oldest, ..] && oldest.ExecutionId.FireTime < owed.Launch.ExecutionId.FireTime => Swap(job, owed, oldest),
        Mutant.RunsAllBackwards when job.Spec.OverlapPolicy == OverlapPolicy.Allow => job with { Open = [.. job.Open.Where(owed => !IsFresh(job, owed)), .. job.Open.Where(owed => IsFresh(job, owed)).OrderByDescending(owed => owed.Launch.ExecutionId.FireTime)] },
        Mutant.RunsOneMore when PassedBy(job, "run_all") is [.., var latest] => OneMore(job, latest),
        Mutant.QueuesOneMore when PassedBy(job, "policy queue") is [var first, ..] => OneMore(job, first),
        Mutant.ReplacesNothing => Each(job, owed => owed with { ReplacedBy = null }),
        Mutant.RetriesOnceMore when job.Spec.Retries is { } retries => Once(job, job.Spec with { Retries = retries with { Count = retries.Count + 1 } }),
        Mutant.RetriesAnyStatus when job.Spec.Retries is { } retries => job with { Spec = job.Spec with { Retries = retries with { OnExitCodes = [] } } },
        Mutant.RetriesAtOnce => Each(job, owed => owed.Launch.ExecutionId.Attempt > 1 ? owed with { Launch = owed.Launch with { DueAt = owed.PlannedAt } } : owed),
        Mutant.RetriesDoNotBackOff when job.Spec.Retries is { } retries => job with { Spec = job.Spec with { Retries = retries with { Backoff = RetryBackoff.Fixed } } },
        Mutant.ForgetsKeys => job with { KeyedRuns = [] },
        Mutant.LaunchesAreNotPinned when job.Script is { } script => Each(job, owed => owed with { Launch = owed.Launch with { ScriptSha256 = script.Sha256 } }),
        _ => job,
    };

    private static JobDocument Each(JobDocument job, Func<OwedLaunch, OwedLaunch> change) => job with { Open = [.. job.Open.Select(change)] };

    // A launch of the latest decision.
    private static bool IsFresh(JobDocument job, OwedLaunch owed) => owed.Launch.ExecutionId is { IsScheduled: true, Attempt: 1 } && owed.PlannedAt == job.PlannedUpTo;

    private static List<PassedInstant> PassedBy(JobDocument job, string reason) => [.. job.Unrecorded.Where(passed => passed.Reason.Contains(reason, StringComparison.Ordinal))];

    private static JobDocument Swap(JobDocument job, OwedLaunch owed, PassedInstant passed) => job with
    {
        Open = [.. job.Open.Select(other => other == owed ? owed with { Launch = owed.Launch with { ExecutionId = passed.ExecutionId } } : other)],
        Unrecorded = [.. job.Unrecorded.Select(other => other == passed ? passed with { ExecutionId = owed.Launch.ExecutionId } : other)],
    };

    // One that was passed over waits behind the others after all, but not more of them.
    private static JobDocument OneMore(JobDocument job, PassedInstant passed) =>
        job.Open is [.., var last] && job.Open.Count(owed => owed.Waits) <= job.Spec.QueueLimit
            ? job with
            {
                Open = [.. job.Open, last with { Launch = last.Launch with { ExecutionId = passed.ExecutionId, Trigger = ExecutionTrigger.Schedule }, Waits = true }],
                Unrecorded = [.. job.Unrecorded.Where(other => other != passed)],
            }
            : job;

    // What is saved is read again: a mark keeps it from being changed again and again.
    private static JobDocument Once(JobDocument job, JobSpec changed)
    {
        if (job.Spec.Unknown is null)
        {
            changed = changed with { Unknown = new Dictionary<string, JsonElement> { ["changed"] = JsonSerializer.SerializeToElement(true) } };
            return job with { Spec = changed };
        }

        return job;
    }
}

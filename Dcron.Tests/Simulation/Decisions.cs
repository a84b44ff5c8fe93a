using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Ledger.Oracle;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>
/// Judges every decision of a job as it is stored: what became of the fire times that had come, and of attempts that ended, must be what the policies admit.
/// By the specs in force, the ledger's fire times, and what was open before; the planner is not asked.
/// </summary>
internal sealed class Decisions
{
    // How late still counts as on time, and how much may be open at once: what docs/policies.md promises.
    private static readonly TimeSpan OnTime = TimeSpan.FromSeconds(5);
    private const int MostOpen = 100;

    private const int Portion = 500;

    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(2);

    private readonly Dictionary<string, (JobSpec Spec, FireTimeOracle Oracle)> _versions = new(StringComparer.Ordinal);
    private readonly Dictionary<ExecutionId, ExecutionDocument> _ended = [];

    public List<string> Violations { get; } = [];

    /// <summary>Fire times and when they were decided, by the clock of who decided.</summary>
    public List<(ExecutionId Id, DateTimeOffset At)> Made { get; } = [];

    public void SawVersion(Document stored)
    {
        var version = JsonSerializer.Deserialize(stored.Body.Span, DcronJson.Default.JobVersionDocument)!;
        if (version.Token is { } token)
        {
            _versions[token] = (version.Spec, new FireTimeOracle(version.Spec, version.JobId));
        }
    }

    /// <returns>False where an execution that had ended says now that it ended at another time.</returns>
    public bool SawExecution(Document stored)
    {
        var execution = JsonSerializer.Deserialize(stored.Body.Span, DcronJson.Default.ExecutionDocument)!;
        return !execution.ExecutionResult.IsFinal() || _ended.TryAdd(execution.ExecutionId, execution) || _ended[execution.ExecutionId].FinishedAt == execution.FinishedAt;
    }

    public void SawJob(JobDocument before, JobDocument after)
    {
        var (spec, oracle) = _versions[before.VersionToken!];
        var was = before.Open.Select(owed => owed.Launch.ExecutionId).ToHashSet();
        Attempts(before, after, spec, was);
        var isDecided = before.DeletedAt is null && spec.Enabled && after.PlannedUpTo > before.PlannedUpTo;
        var due = isDecided ? oracle.Between(before.PlannedUpTo, after.PlannedUpTo).Select(fireTime => ExecutionId.Scheduled(before.JobId, fireTime)).ToList() : [];
        var launched = after.Open.Where(owed => owed.Launch.ExecutionId is { IsScheduled: true, Attempt: 1 } id && !was.Contains(id)).ToList();
        var known = before.Unrecorded.Select(passed => passed.ExecutionId).ToHashSet();
        var passed = after.Unrecorded.Where(passed => !known.Contains(passed.ExecutionId)).ToDictionary(passed => passed.ExecutionId);
        Violations.AddRange(launched.Select(owed => owed.Launch.ExecutionId).Except(due).Select(id => $"{id} was launched and not due"));
        Violations.AddRange(passed.Keys.Except(due).Except(was).Select(id => $"{id} was passed over and not due"));
        if (due.Count == 0)
        {
            return;
        }

        // What was open when the decision was taken: the rest had ended, and what else is new was added afterwards.
        var kept = before.Open.Where(owed => passed.ContainsKey(owed.Launch.ExecutionId)).Concat(after.Open.Where(owed => was.Contains(owed.Launch.ExecutionId) || owed.Launch.ExecutionId.Attempt > 1)).ToList();
        var waiting = kept.Count(owed => before.Open.Any(old => old.Waits && old.Launch.ExecutionId == owed.Launch.ExecutionId));
        waiting -= kept.Count > 0 && waiting == kept.Count ? 1 : 0; // the first need not wait any more
        var places = spec.OverlapPolicy switch
        {
            OverlapPolicy.Allow => MostOpen - kept.Count,
            OverlapPolicy.Queue => Math.Min(MostOpen - kept.Count, (spec.QueueLimit ?? JobSpec.DefaultQueueLimit) - waiting + (kept.Count == 0 ? 1 : 0)),
            _ => 1,
        };
        var instants = due.ConvertAll(id => new Instant(id, launched.Find(owed => owed.Launch.ExecutionId == id)?.Launch, passed.GetValueOrDefault(id)));
        Made.AddRange(due.Select(id => (id, after.PlannedUpTo)));

        // A long stretch is decided in portions, up to a fire time each. By when is known only of what was launched then.
        if (due.Count < Portion || after.PlannedUpTo != due[^1].FireTime)
        {
            Misfires(instants, spec, after.PlannedUpTo, Math.Max(0, places), 0);
        }
        else if (launched.Count > 0)
        {
            Misfires(instants, spec, launched[0].PlannedAt, Math.Max(0, places), oracle.Between(after.PlannedUpTo, launched[0].PlannedAt).Count());
        }

        Overlaps(instants.FindAll(instant => instant.IsLetIn), spec, kept, Math.Max(0, places), after);
        if (!launched.Select(owed => owed.Launch.ExecutionId.FireTime).SequenceEqual(launched.Select(owed => owed.Launch.ExecutionId.FireTime).Order()))
        {
            Violations.Add($"{string.Join(", ", launched.Select(owed => owed.Launch.ExecutionId))}: not in order");
        }
    }

    // Each fire time was either given to the overlap policy, which launches it or skips it, or is missed.
    private void Misfires(List<Instant> instants, JobSpec spec, DateTimeOffset now, int places, int laterYet)
    {
        for (var i = 0; i < instants.Count; i++)
        {
            var instant = instants[i];
            var (earliest, latest) = instant.Launch is { } launch ? (launch.DueAt ?? launch.ExecutionId.FireTime, launch.DueAt ?? launch.ExecutionId.FireTime)
                : (instant.Id.FireTime, instant.Id.FireTime.AddSeconds(spec.JitterSeconds ?? 0));
            var later = laterYet + instants.Count - 1 - i;
            var givesWay = spec.MisfirePolicy switch
            {
                MisfirePolicy.Skip => true,
                MisfirePolicy.RunLatest => later > 0,
                _ => later >= places,
            };
            if (instant.Launch is null == instant.Passed is null)
            {
                Violations.Add($"{instant.Id} was decided by {now:O}, and became {(instant.Launch is null ? "nothing" : "two things")}");
            }
            else if (instant.Launch is not null && (latest < instant.Id.FireTime || latest > instant.Id.FireTime.AddSeconds(spec.JitterSeconds ?? 0)))
            {
                Violations.Add($"{instant.Id} is due at {latest:O}, beyond its jitter of {spec.JitterSeconds} s");
            }
            else if (instant.IsLetIn && spec.StartingDeadlineSeconds is { } deadline && latest.AddSeconds(deadline) <= now)
            {
                Violations.Add($"{instant.Id} was let in at {now:O}, past its starting deadline of {deadline} s");
            }
            else if (instant.IsLetIn && latest + OnTime < now && givesWay)
            {
                Violations.Add($"{instant.Id} was let in at {now:O}, although it was late, with {later} fire times after it and {places} places (misfire policy {spec.MisfirePolicy})");
            }
            else if (!instant.IsLetIn && !(earliest + OnTime < now && givesWay) && !(spec.StartingDeadlineSeconds is { } limit && earliest.AddSeconds(limit) <= now))
            {
                Violations.Add($"{instant.Id} was missed at {now:O}, with {later} fire times after it and {places} places (misfire policy {spec.MisfirePolicy})");
            }
        }
    }

    private void Overlaps(List<Instant> letIn, JobSpec spec, List<OwedLaunch> kept, int places, JobDocument after)
    {
        var ahead = kept.FindAll(owed => owed.Launch.ExecutionId.Backfill == 0);
        var launched = spec.OverlapPolicy switch
        {
            OverlapPolicy.Skip => letIn.Take(ahead.Count == 0 ? 1 : 0),
            OverlapPolicy.Replace => letIn.TakeLast(1),
            _ => letIn.Take(places),
        };
        if (!launched.SequenceEqual(letIn.Where(instant => instant.Launch is not null)))
        {
            Violations.Add($"of {string.Join(", ", letIn.Select(instant => instant.Id))} were launched {string.Join(", ", letIn.Where(instant => instant.Launch is not null).Select(instant => instant.Id))}, "
                + $"with {ahead.Count} open and {places} places (overlap policy {spec.OverlapPolicy})");
        }

        if (spec.OverlapPolicy == OverlapPolicy.Replace && letIn.Count > 0)
        {
            Violations.AddRange(after.Open.Where(owed => owed.ReplacedBy is null && owed.Launch.ExecutionId.IsScheduled && ahead.Exists(old => old.Launch.ExecutionId == owed.Launch.ExecutionId))
                .Select(owed => $"{owed.Launch.ExecutionId} was not replaced by {letIn[^1].Id}"));
        }
    }

    // Another attempt follows only what the policy in force names, as often as it says, and not before its delay is over nor long after.
    private void Attempts(JobDocument before, JobDocument after, JobSpec spec, HashSet<ExecutionId> was)
    {
        foreach (var owed in after.Open.Where(owed => owed.Launch.ExecutionId.Attempt > 1 && !was.Contains(owed.Launch.ExecutionId)))
        {
            var id = owed.Launch.ExecutionId;
            var ended = before.Open.FirstOrDefault(old => old.Launch.ExecutionId.NextAttempt() == id);
            if (ended is null || ended.ReplacedBy is not null || before.DeletedAt is not null || (id.IsScheduled && !spec.Enabled) || !_ended.TryGetValue(ended.Launch.ExecutionId, out var end))
            {
                Violations.Add($"{id} follows nothing that may be tried again");
            }
            else if (spec.Retries is not { } retries || id.Attempt > retries.Count + 1 || !IsRetried(retries, end))
            {
                Violations.Add($"{id} is an attempt that the job's spec did not ask for, after {end.ExecutionResult} {end.ExitStatus}");
            }
            else
            {
                var endedAt = end.FinishedAt ?? end.ClaimedAt ?? end.ExecutionDate;
                var from = endedAt < owed.PlannedAt ? endedAt : owed.PlannedAt; // a worker's clock that runs ahead puts nothing off
                var delay = Math.Min(retries.MaxDelaySeconds, retries.Backoff == RetryBackoff.Fixed ? retries.DelaySeconds : retries.DelaySeconds * (1 << (id.Attempt - 2)));
                if (owed.Launch.DueAt < from.AddSeconds(delay) - Rounding || owed.Launch.DueAt is not { } dueAt || dueAt > from.AddSeconds(delay * (1 + retries.Jitter)) + Rounding)
                {
                    Violations.Add($"{id} is due at {owed.Launch.DueAt:O}, and not {delay} s after {from:O}; planned at {owed.PlannedAt:O} after {end.ExecutionResult} at {endedAt:O} of {end.WorkerId}, claimed {end.ClaimedAt:O}, started {end.StartedAt:O}: {end.Reason}");
                }
            }
        }
    }

    /// <summary>Whether a policy names how an attempt ended.</summary>
    public static bool IsRetried(RetryPolicy policy, ExecutionDocument? ended) =>
        ended is not null && (policy.On ?? RetryPolicy.DefaultOn).Contains(ended.ExecutionResult)
        && (ended.ExecutionResult != ExecutionResult.Failed || policy.OnExitCodes.Count == 0 || policy.OnExitCodes.Contains(ended.ExitStatus ?? 0));

    private sealed record Instant(ExecutionId Id, ExecuteJob? Launch, PassedInstant? Passed)
    {
        public bool IsLetIn => Launch is not null || Passed?.Result == ExecutionResult.Skipped;
    }
}

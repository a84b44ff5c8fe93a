using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Ledger;

/// <summary>Judges what is recorded at one fire time. Pure.</summary>
/// <param name="report">Takes the findings.</param>
/// <param name="now">When the records were read.</param>
/// <param name="horizon">Fire times before this instant were dropped by retention.</param>
/// <param name="witnessedFrom">From this fire time on starts are recorded.</param>
internal sealed class LedgerCheck(LedgerReport report, DateTimeOffset now, DateTimeOffset horizon, DateTimeOffset witnessedFrom)
{
    /// <summary>For so long a fire time may be under way: from its instant to its decision, and from a start to its record.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMinutes(2);

    /// <summary>What its job does not look after must be closed by others long before it has run for so long.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(10);

    /// <returns>The execution that is missing, to be looked at once more; null when nothing is.</returns>
    public ExecutionId? Judge(LedgerJob job, LedgerEntry entry)
    {
        report.Starts += entry.Starts.Count;
        var scheduled = entry.Executions.Where(execution => execution.ExecutionId.IsScheduled).OrderBy(execution => execution.ExecutionId.Attempt).ToList();
        var others = entry.Executions.Where(execution => !execution.ExecutionId.IsScheduled).ToList();
        report.Others += others.Count(execution => execution.ExecutionId.Attempt == 1);
        CheckStarts(entry);
        CheckRunning(job, entry);
        CheckAttempts(scheduled);
        foreach (var other in others.GroupBy(execution => (execution.ExecutionId.Manual, execution.ExecutionId.Backfill)))
        {
            CheckAttempts([.. other.OrderBy(execution => execution.ExecutionId.Attempt)]);
        }

        return entry.IsDue ? JudgeDue(job, entry, scheduled) : JudgeOther(entry, scheduled);
    }

    /// <summary>What was missing at the first look and is at the second.</summary>
    public void Missing(LedgerJob job, ExecutionId id)
    {
        if (job.IsOpen(id))
        {
            report.Open++;
        }
        else if (job.IsUnrecorded(id))
        {
            report.Passed.Add(id, "It was decided against; its record is being written.");
        }
        else if (job.PlannedUpTo is { } mark && id.FireTime > mark)
        {
            if (now - id.FireTime < Settling)
            {
                report.Pending++;
            }
            else
            {
                report.Missing.Add(id, $"Its job has decided up to {UtcTime.ToText(mark)} only.");
            }
        }
        else
        {
            report.Missing.Add(id, "There is neither an execution nor a recorded reason.");
        }
    }

    private ExecutionId? JudgeDue(LedgerJob job, LedgerEntry entry, List<ExecutionDocument> scheduled)
    {
        report.Due++;
        var id = ExecutionId.Scheduled(job.JobId, entry.FireTime);
        if (scheduled.Find(execution => execution.ExecutionId == id) is not { } first)
        {
            if (entry.FireTime < horizon)
            {
                report.Expired++;
                return null;
            }

            return id;
        }

        if (first.WorkerId is null)
        {
            PassedOver(first);
            return null;
        }

        report.Executed++;
        report.Open += first.ExecutionResult.IsFinal() ? 0 : 1;
        CheckLate(first);
        return null;
    }

    private ExecutionId? JudgeOther(LedgerEntry entry, List<ExecutionDocument> scheduled)
    {
        foreach (var execution in scheduled.Where(execution => execution.ExecutionId.Attempt == 1))
        {
            report.Unexplained.Add(execution.ExecutionId, $"{UtcTime.ToText(entry.FireTime)} is no fire time of the spec that was in force then.");
        }

        return null;
    }

    private void PassedOver(ExecutionDocument execution)
    {
        var isReason = execution.ExecutionResult is ExecutionResult.Skipped or ExecutionResult.Missed or ExecutionResult.Cancelled;
        if (isReason && !string.IsNullOrWhiteSpace(execution.Reason))
        {
            report.Passed.Add(execution.ExecutionId, $"{execution.ExecutionResult}: {execution.Reason}");
        }
        else
        {
            report.Unexplained.Add(execution.ExecutionId, $"It is recorded as {execution.ExecutionResult}, without a worker and without a reason.");
        }
    }

    private void CheckLate(ExecutionDocument execution)
    {
        if (execution.StartedAt is { } started && started - (execution.DueAt ?? execution.ExecutionDate) is var late && late > report.Query.LateAfter)
        {
            report.Late.Add(execution.ExecutionId, string.Create(CultureInfo.InvariantCulture,
                $"It started {late.TotalSeconds:0.###} s after it was due{Since(", planned after ", execution.PlannedAt, execution)}{Since(", claimed after ", execution.ClaimedAt, execution)}."));
        }
    }

    private void CheckStarts(LedgerEntry entry)
    {
        foreach (var starts in entry.Starts.GroupBy(start => start.ExecutionId))
        {
            var execution = entry.Executions.Find(one => one.ExecutionId == starts.Key);
            var different = starts.DistinctBy(start => start.StartId).ToList();
            if (different.Count > 1)
            {
                report.Double.Add(starts.Key, $"It was started {different.Count} times: {string.Join(", ", different.Select(start => $"{UtcTime.ToText(start.StartedAt)} on {start.WorkerId}"))}.");
            }
            else if (execution is null)
            {
                report.Unexplained.Add(starts.Key, $"It was started on {different[0].WorkerId}, but there is no such execution.");
            }
            else if (execution.WorkerId is null)
            {
                report.Unexplained.Add(starts.Key, $"It is recorded as {execution.ExecutionResult} without a worker, but was started on {different[0].WorkerId}.");
            }
            else if (execution.ClaimToken != different[0].ClaimToken)
            {
                report.Double.Add(starts.Key, $"It was started on {different[0].WorkerId} under another claim than the one of {execution.WorkerId} that is stored.");
            }
        }

        foreach (var execution in entry.Executions.Where(one => one.StartedAt is not null && one.ExecutionDate >= witnessedFrom && now - one.StartedAt > Settling))
        {
            if (!entry.Starts.Exists(start => start.ExecutionId == execution.ExecutionId))
            {
                report.Unwitnessed.Add(execution.ExecutionId, $"{execution.WorkerId} says that it was started, but its start is not recorded.");
            }
        }
    }

    // The job was read before: what it has forgotten by then has ended by now.
    private void CheckRunning(LedgerJob job, LedgerEntry entry)
    {
        foreach (var execution in entry.Executions.Where(one => one.ExecutionResult == ExecutionResult.Running && !job.IsOpen(one.ExecutionId)))
        {
            if ((execution.ClaimedAt ?? execution.ExecutionDate) is var since && now - since > Forgotten)
            {
                report.Unexplained.Add(execution.ExecutionId, $"It is recorded as running since {UtcTime.ToText(since)}, but its job does not look after it any more.");
            }
        }
    }

    /// <param name="attempts">Of one launch, in order.</param>
    private void CheckAttempts(List<ExecutionDocument> attempts)
    {
        for (var i = 0; i < attempts.Count; i++)
        {
            var attempt = attempts[i].ExecutionId.Attempt;
            report.Retries += attempt > 1 ? 1 : 0;
            if (attempt != i + 1)
            {
                report.Unexplained.Add(attempts[i].ExecutionId, $"It is attempt {attempt}, but there is no attempt {i + 1}.");
                return;
            }

            if (i > 0 && (attempts[i - 1].ExecutionResult is ExecutionResult.Succeeded || !attempts[i - 1].ExecutionResult.IsFinal()))
            {
                report.Double.Add(attempts[i].ExecutionId, $"It is another attempt, although the one before is {attempts[i - 1].ExecutionResult}.");
            }
        }
    }

    private static string Since(string words, DateTimeOffset? at, ExecutionDocument execution) => at is null
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{words}{(at.Value - (execution.DueAt ?? execution.ExecutionDate)).TotalSeconds:0.###} s");
}

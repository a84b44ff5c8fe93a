using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs.Planning;

namespace Dcron.Grains.Jobs;

/// <summary>What the policies ask to be done after a plan is saved, and what is asked for beside the schedule: backfills and re-runs.</summary>
internal sealed partial class JobGrain
{
    public async Task<RerunAnswer> Rerun(ExecutionId origin, string? idempotencyKey)
    {
        if (await Current() is not { } job)
        {
            return Deleted();
        }

        if (await _history.GetAsync(origin) is not { } execution)
        {
            return job.Open.Any(owed => owed.Launch.ExecutionId == origin)
                ? new RerunAnswer.Impossible("It is still queued; it runs by itself as soon as a worker takes it.")
                : new RerunAnswer.Unknown();
        }

        if (execution is not { ScriptSha256: not null, JobVersion: { } number } || await _versions.FindAsync(origin.JobId, job, number) is not { } version)
        {
            return new RerunAnswer.Impossible($"It is not recorded what {origin} ran, or would have; POST /jobs/{origin.JobId}/run runs the job as it is now, and a backfill its fire time.");
        }

        ExecutionId? planned = null;
        var isSaved = await SaveUndeleted(current =>
        {
            var run = JobPlanner.Rerun(current, execution, version, HashOf(idempotencyKey), _time.GetUtcNow());
            planned = run.ExecutionId;
            return run.Job;
        });
        Hint(_time.GetUtcNow());
        return isSaved && planned is { } id ? new RerunAnswer.Planned(id) : Deleted();

        static RerunAnswer Deleted() => new RerunAnswer.Impossible("Its job is deleted; create a job with the same script and run that.");
    }

    public async Task<BackfillAnswer> Backfill(RequestBackfill asked, string? idempotencyKey)
    {
        if (await Current() is not { } job)
        {
            return new BackfillAnswer.Unknown();
        }

        var now = _time.GetUtcNow();
        var keptFrom = RetentionRules.KeptFrom(now, _kept.RetentionMonths, await _history.Horizon.ReadAsync());
        if (BackfillRules.Check(job, asked, now, keptFrom) is { Count: > 0 } problems)
        {
            return new BackfillAnswer.Refused(problems);
        }

        var succeeded = await _history.SucceededInstantsAsync(job.JobId, asked.From, asked.To);
        var open = job.Open.Select(owed => owed.Launch.ExecutionId).Where(id => id.Manual == 0).Select(id => id.FireTime).ToHashSet();
        var instants = JobPlanner.InstantsOf(job, asked).ToLookup(fireTime => succeeded.Contains(fireTime) || open.Contains(fireTime));
        Backfill? begun = null;
        if (!asked.DryRun)
        {
            var pin = await PinOf(job.Spec, job.Script);
            var isSaved = await SaveUndeleted(current =>
            {
                var request = JobPlanner.RequestBackfill(current, asked, HashOf(idempotencyKey), pin, _time.GetUtcNow());
                begun = request.Backfill;
                return request.Job;
            });
            if (!isSaved)
            {
                return new BackfillAnswer.Unknown();
            }

            Hint(_time.GetUtcNow());
        }

        return new BackfillAnswer.Planned(begun, [.. instants[false]], [.. instants[true]]);
    }

    public async Task<Backfill?> CancelBackfill(int number, string reason)
    {
        if (await Current() is null)
        {
            return null;
        }

        JobChange? change = null;
        var isSaved = await SaveUndeleted(current => (change = JobPlanner.CancelBackfill(current, number, _time.GetUtcNow())).Job);
        if (!isSaved || change is not { Changed: true })
        {
            return null;
        }

        await Drop(change.ToDrop, ExecutionResult.Cancelled, reason);
        return _state.Job?.Backfills?.FirstOrDefault(backfill => backfill.Number == number);
    }

    private async Task<(BackfillLook Look, IReadOnlySet<DateTimeOffset> Succeeded)?> LookUpBackfill(JobDocument job, Settlement settled)
    {
        if (job.Backfills is null)
        {
            return null;
        }

        var now = _time.GetUtcNow();
        var known = settled.Ended.Aggregate(job, (state, end) => JobPlanner.Finished(state, end, now).Job);
        return JobPlanner.NextOfBackfill(known) is not { } look ? null
            : look.FireTimes.Count == 0 ? (look, new HashSet<DateTimeOffset>())
            : (look, await _history.SucceededInstantsAsync(job.JobId, look.FireTimes[0], look.FireTimes[^1].AddSeconds(1)));
    }

    // Whoever deleted or paused the job may have been interrupted before it dropped what was queued.
    private async Task DropUnwanted(Settlement settled)
    {
        if (_state.Job is { } job && JobPlanner.Unwanted(job).Where(owed => !settled.Running.ContainsKey(owed.Launch.ExecutionId)).ToList() is { Count: > 0 } unwanted)
        {
            await (job.DeletedAt is null ? Drop(unwanted, ExecutionResult.Skipped, PausedReason) : Drop(unwanted, ExecutionResult.Cancelled, DeletedReason));
        }
    }

    private async Task DropOverdue(Settlement settled)
    {
        if (_state.Job is { } job && JobPlanner.Overdue(job, _time.GetUtcNow()).Where(owed => !settled.Running.ContainsKey(owed.Launch.ExecutionId)).ToList() is { Count: > 0 } overdue)
        {
            await Drop(overdue, ExecutionResult.Missed, FormattableString.Invariant(
                $"No worker had taken it {job.Spec.StartingDeadlineSeconds} s after it was due (starting_deadline_seconds)."));
        }
    }

    // The first document decides: dropped before it began, or claimed and to be ended. A request that is lost is made good by the next look.
    private async Task EndReplaced(Settlement settled)
    {
        foreach (var owed in _state.Job is { } job ? JobPlanner.Replaced(job) : [])
        {
            var id = owed.Launch.ExecutionId;
            var reason = Overlap.ReplacedReason(owed.ReplacedBy!.Value);
            var worker = settled.Running.GetValueOrDefault(id);
            if (worker is null && !await Drop([owed], ExecutionResult.Skipped, reason))
            {
                worker = await _launches.WorkerOfAsync(id);
            }

            if (worker is not null)
            {
                GrainFactory.GetGrain<IExecutionGrain>(ExecutionGrainKey.Of(worker, id)).Cancel(reason).Ignore();
            }
        }
    }
}

using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Ledger.Oracle;

namespace Dcron.Tests.Simulation;

/// <summary>
/// What the ledger does not judge: that policies, backfills, re-runs, idempotency keys and retention kept their word in a life that is over. By what was
/// stored and what was seen to run; none of the code that decided it is asked.
/// </summary>
/// <param name="settledBy">Whatever happened before it must be over and done with.</param>
internal sealed class Promises(Life life, Cluster cluster, Clients clients, DateTimeOffset settledBy)
{
    // From a fire time until what it replaces must have ended: the job is woken, asks for the end, looks again, and the script takes its time.
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(12);

    // Scenario sets clocks wrong by as much; silos that were killed are back by then, and know their places.
    private static readonly TimeSpan MostClockError = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

    private readonly Dictionary<JobId, JobDocument> _jobs = cluster.AllJobs().ToDictionary(job => job.JobId);
    private readonly Dictionary<ExecutionId, ExecutionDocument> _executions = cluster.Executions().ToDictionary(execution => execution.ExecutionId);
    private readonly ILookup<JobId, JobSpec> _specs = cluster.Database.All(JobCollections.Versions)
        .Select(document => JsonSerializer.Deserialize(document.Body.Span, DcronJson.Default.JobVersionDocument)!)
        .ToLookup(version => version.JobId, version => version.Spec);

    private readonly List<string> _broken = [];

    public IReadOnlyList<string> Broken()
    {
        Overlaps();
        Order();
        Replacements();
        Attempts();
        Starts();
        Punctuality();
        Backfills();
        Answers();
        Scripts();
        Months();
        return _broken;
    }

    // A job may run beside itself only if one of its specs ever said so.
    private void Overlaps()
    {
        foreach (var (id, other) in cluster.Processes.Overlaps.Where(overlap => !Allowed(overlap.Id.JobId)))
        {
            _broken.Add($"{id} was started while {other} of the same job ran");
        }
    }

    private void Order()
    {
        foreach (var starts in cluster.Processes.All.Where(process => process.Id is { IsScheduled: true, Attempt: 1 }).GroupBy(process => process.Id.JobId).Where(starts => !Allowed(starts.Key)))
        {
            var ordered = starts.ToList();
            for (var i = 1; i < ordered.Count; i++)
            {
                if (ordered[i].Id.FireTime < ordered[i - 1].Id.FireTime)
                {
                    _broken.Add($"{ordered[i].Id} was started after {ordered[i - 1].Id}");
                }
            }
        }
    }

    // Once nothing goes wrong any more, a script does not run long beyond the fire time that took its place.
    private void Replacements()
    {
        foreach (var process in cluster.Processes.All.Where(process => process.Began > life.QuietFrom && process.Id.IsScheduled && Only(process.Id.JobId) is { OverlapPolicy: OverlapPolicy.Replace }))
        {
            var next = new FireTimeOracle(Only(process.Id.JobId)!, process.Id.JobId).Between(process.Id.FireTime, settledBy - EndsWithin).FirstOrDefault();
            if (next == default || !_executions.TryGetValue(ExecutionId.Scheduled(process.Id.JobId, next), out var by)
                || (by.WorkerId is null && by.Reason?.Contains("took its place", StringComparison.Ordinal) != true))
            {
                continue;
            }

            var latest = (next > process.Began ? next : process.Began) + EndsWithin;
            if ((process.Ended ?? DateTimeOffset.MaxValue) > latest)
            {
                _broken.Add($"{process.Id} still ran at {latest:O}, although {by.ExecutionId} was to replace it");
            }
        }
    }

    private void Attempts()
    {
        foreach (var execution in _executions.Values)
        {
            var id = execution.ExecutionId;
            if (id.Attempt > 1 && !_specs[id.JobId].Any(spec => spec.Retries is { } policy && id.Attempt <= policy.Count + 1 && Decisions.IsRetried(policy, Before(id))))
            {
                _broken.Add($"{id} is an attempt that no spec of its job asked for, after {Before(id)?.ExecutionResult} {Before(id)?.ExitStatus}");
            }

            // Of a job that nobody changed none may be left out either.
            if (Only(id.JobId) is { Retries: { } retries, OverlapPolicy: not OverlapPolicy.Replace } && id.Attempt <= retries.Count && execution.FinishedAt < settledBy
                && Decisions.IsRetried(retries, execution) && !_executions.ContainsKey(id.NextAttempt()) && !IsOpen(id) && !IsOpen(id.NextAttempt())
                && !(id.Backfill > 0 && BackfillOf(id) is not { Cancelled: false }))
            {
                _broken.Add($"{id} was {execution.ExecutionResult} {execution.ExitStatus} and not tried again");
            }
        }
    }

    // Nothing starts before it is due, nor once its starting deadline is over; while clocks are wrong, both are by a worker's clock.
    private void Starts()
    {
        foreach (var process in cluster.Processes.All.Where(process => process.Id is { Manual: 0, Backfill: 0 } or { Attempt: > 1 }))
        {
            var dueAt = process.Launch.DueAt ?? process.Id.FireTime;
            if (process.Began < dueAt - (dueAt > life.QuietFrom + MostClockError ? TimeSpan.Zero : MostClockError))
            {
                _broken.Add($"{process.Id} was started at {process.Began:O}, and due at {dueAt:O}");
            }
        }

        foreach (var execution in _executions.Values.Where(execution => execution.ExecutionId is { IsScheduled: true, Attempt: 1 }))
        {
            var (dueAt, deadlines) = (execution.DueAt ?? execution.ExecutionDate, _specs[execution.JobId].Select(spec => spec.StartingDeadlineSeconds ?? double.PositiveInfinity).ToList());
            if (double.IsFinite(deadlines.Max()) && execution.ClaimedAt >= dueAt.AddSeconds(deadlines.Max()))
            {
                _broken.Add($"{execution.ExecutionId} was claimed at {execution.ClaimedAt:O}, {deadlines.Max()} s and more after {dueAt:O}");
            }

            if (execution is { ExecutionResult: ExecutionResult.Missed, PlannedAt: not null } && !(execution.FinishedAt >= dueAt.AddSeconds(deadlines.Min())))
            {
                _broken.Add($"{execution.ExecutionId} was given up at {execution.FinishedAt:O}, less than {deadlines.Min()} s after {dueAt:O}");
            }
        }
    }

    // Where nothing goes wrong, nothing is late.
    private void Punctuality()
    {
        foreach (var (id, at) in cluster.Faults.Onlooker.Decisions.Made.Where(made => made.Id.FireTime > life.QuietFrom + Recovery && made.At > made.Id.FireTime + Late))
        {
            _broken.Add($"{id} was decided only at {at:O}");
        }
    }

    private void Backfills()
    {
        foreach (var ((job, number), atOnce) in cluster.Processes.AtOnce)
        {
            if (_jobs.GetValueOrDefault(job)?.Backfills?.FirstOrDefault(backfill => backfill.Number == number) is { } backfill && atOnce > backfill.MaxConcurrent)
            {
                _broken.Add($"{atOnce} executions of backfill {number} of {job} ran at once, of {backfill.MaxConcurrent} that may");
            }
        }

        foreach (var job in _jobs.Values)
        {
            foreach (var backfill in job.Backfills?.Where(backfill => !IsDropped(backfill.From)) ?? [])
            {
                Backfill(job, backfill);
            }
        }
    }

    private void Backfill(JobDocument job, Backfill backfill)
    {
        var launched = _executions.Keys.Concat(job.Open.Select(owed => owed.Launch.ExecutionId)).Distinct()
            .Where(id => id.JobId == job.JobId && id.Backfill == backfill.Number && id.Attempt == 1).Select(id => id.FireTime).ToHashSet();
        if (launched.Count != backfill.Launched || launched.Any(fireTime => fireTime < backfill.From || fireTime >= backfill.To))
        {
            _broken.Add($"backfill {backfill.Number} of {job.JobId} has launched {backfill.Launched}, and there are {launched.Count}");
        }

        if (backfill.EndedAt is null || backfill.Cancelled || Only(job.JobId) is not { } spec)
        {
            return;
        }

        var due = new FireTimeOracle(spec, job.JobId).Between(backfill.From.AddTicks(-1), backfill.To.AddTicks(-1)).ToList();
        if (due.Count != backfill.Launched + backfill.LeftOut || !launched.IsSubsetOf(due))
        {
            _broken.Add($"backfill {backfill.Number} of {job.JobId} has launched {backfill.Launched} and left out {backfill.LeftOut} of {due.Count}");
        }

        var others = _executions.Keys.Concat(job.Open.Select(owed => owed.Launch.ExecutionId)).Where(id => id.JobId == job.JobId && id.Manual == 0).Select(id => id.FireTime).ToHashSet();
        _broken.AddRange(due.Where(fireTime => !others.Contains(fireTime)).Select(fireTime => $"backfill {backfill.Number} of {job.JobId} has left out {fireTime:O}, which never ran"));
    }

    // What was answered is so: each run that was promised is there, a key was always answered alike, and a job that was created is there until it is deleted.
    private void Answers()
    {
        foreach (var (id, at) in clients.Promised)
        {
            if (at < settledBy && !IsDropped(id.FireTime) && !_executions.ContainsKey(id) && !IsOpen(id))
            {
                _broken.Add($"{id} was promised at {at:O}, and there is no trace of it");
            }
        }

        _broken.AddRange(clients.ByKey.Where(answers => answers.Value.Count > 1).Select(answers => $"{answers.Key} was answered by {string.Join(" and ", answers.Value)}"));
        _broken.AddRange(clients.Created.Where(job => !_jobs.ContainsKey(job) && !clients.Deleted.Contains(job)).Select(job => $"{job} was created and is gone"));
    }

    private void Scripts()
    {
        var origins = cluster.Processes.All.ToLookup(process => process.Id);
        foreach (var process in cluster.Processes.All)
        {
            if (_executions.TryGetValue(process.Id, out var execution) && execution.ScriptSha256 != process.Launch.ScriptSha256)
            {
                _broken.Add($"{process.Id} ran {process.Launch.ScriptSha256} and says {execution.ScriptSha256}");
            }

            if (process.Id.Attempt > 1 && Before(process.Id) is { } before && before.ScriptSha256 != process.Launch.ScriptSha256)
            {
                _broken.Add($"{process.Id} ran other bytes than {before.ExecutionId}");
            }

            if (process.Launch.RerunOf is { } of && origins[of].FirstOrDefault()?.Launch is { } origin
                && (origin.ScriptSha256, origin.ScriptLocation, origin.Args.Single()) != (process.Launch.ScriptSha256, process.Launch.ScriptLocation, process.Launch.Args.Single()))
            {
                _broken.Add($"{process.Id} was to run exactly what {of} ran, and did not");
            }
        }
    }

    private void Months()
    {
        _broken.AddRange(cluster.Faults.Onlooker.Dropped.Where(month => cluster.Database.All(month).Any()).Select(month => $"{month} was dropped and is there again"));
        if (life.Away is not null && cluster.Database.Collections.Contains(JobCollections.ExecutionsOf(life.Begin)))
        {
            var needed = _jobs.Values.SelectMany(job => job.Open.Select(owed => owed.Launch.ExecutionId)).Concat(_executions.Values.Where(execution => execution.OpenOn is not null).Select(execution => execution.ExecutionId))
                .Where(id => id.FireTime < life.QuietFrom.AddMonths(-1));
            _broken.Add($"{JobCollections.ExecutionsOf(life.Begin)} should be gone; needed by {string.Join(", ", needed)}");
        }
    }

    private bool Allowed(JobId job) => _specs[job].Any(spec => spec.OverlapPolicy == OverlapPolicy.Allow);

    /// <summary>The spec of a job that never had another.</summary>
    private JobSpec? Only(JobId job) => Clients.IsLeftAlone(job) && _jobs.ContainsKey(job) ? _specs[job].First() : null;

    private bool IsOpen(ExecutionId id) => _jobs.TryGetValue(id.JobId, out var job) && job.Open.Any(owed => owed.Launch.ExecutionId == id);

    private bool IsDropped(DateTimeOffset fireTime) => cluster.Faults.Onlooker.Dropped.Contains(JobCollections.ExecutionsOf(fireTime));

    private Backfill? BackfillOf(ExecutionId id) => _jobs.GetValueOrDefault(id.JobId)?.Backfills?.FirstOrDefault(backfill => backfill.Number == id.Backfill);

    private ExecutionDocument? Before(ExecutionId id)
    {
        var text = id.ToString();
        var first = text[..text.LastIndexOf(".a", StringComparison.Ordinal)];
        return _executions.GetValueOrDefault(ExecutionId.Parse(id.Attempt == 2 ? first : $"{first}.a{id.Attempt - 1}"));
    }
}

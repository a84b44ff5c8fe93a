using System.Security.Cryptography;
using System.Text;
using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Leading;
using Dcron.Grains.Scripts;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Dcron.Grains.Jobs;

/// <summary>A job: decides by <see cref="JobPlanner"/>, saves the decision, and only then acts. Every act may be repeated.</summary>
[CollectionAgeLimit(Minutes = 3)]
internal sealed partial class JobGrain : Grain, IJobGrain, IIncomingGrainCallFilter
{
    // The leader may run on another silo, whose clock is a little ahead.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(1);

    private const string DeletedReason = "The job was deleted before a worker took this launch.";
    private const string PausedReason = "The job was paused before a worker took this launch.";

    private readonly JobState _state;
    private readonly OpenLaunches _launches;
    private readonly ScriptPinner _pinner;
    private readonly ExecutionHistory _history;
    private readonly JobVersions _versions;
    private readonly HistoryOptions _kept;
    private readonly TimeProvider _time;

    public JobGrain(
        [PersistentState(JobCollections.Jobs, JobState.Provider)] IPersistentState<JobDocument> document,
        JobStateFactory states,
        OpenLaunches launches,
        ScriptPinner pinner,
        ExecutionHistory history,
        JobVersions versions,
        IOptions<HistoryOptions> kept,
        [FromKeyedServices(DcronClock.Key)] TimeProvider time) =>
        (_state, _launches, _pinner, _history, _versions, _kept, _time) = (states.Of(document), launches, pinner, history, versions, kept.Value, time);

    // What the store throws can't travel to another silo. It may be this silo alone that does not reach the store, so the job is not kept here: the next call may place it elsewhere.
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception exception) when (exception is DocumentStoreUnavailableException or StoreUnavailableException)
        {
            DeactivateOnIdle();
            throw exception as StoreUnavailableException ?? new StoreUnavailableException(exception.Message);
        }
    }

    public async Task<JobAnswer> Create(CreateJob message)
    {
        if (await _state.LoadAsync() is { } existing)
        {
            return existing.DeletedAt is null ? new JobAnswer.Found(existing) : new JobAnswer.Unknown();
        }

        // A client that repeats itself must not bring back what somebody has deleted since.
        if (await _state.WasDeletedAsync(message.JobId))
        {
            return new JobAnswer.Unknown();
        }

        var created = JobPlanner.Create(message, await PinOf(message.Spec, previous: null), _time.GetUtcNow());
        if (await _state.CreateAsync(created) is { } holder)
        {
            return new JobAnswer.NameTaken(message.Spec.Name!, holder);
        }

        return Told(created);
    }

    public async Task<JobAnswer> Update(UpdateJob message)
    {
        if (await Current() is not { } job)
        {
            return new JobAnswer.Unknown();
        }

        if (message.IfVersion is { } expected && expected != job.Version)
        {
            return new JobAnswer.VersionMismatch(job.Version);
        }

        var pin = await PinOf(message.Spec, job.Script);
        var (change, holder) = await Change(current => IfThere(current, job => JobPlanner.Update(job, message.Spec, pin, _time.GetUtcNow())));
        return holder is not null ? new JobAnswer.NameTaken(message.Spec.Name!, holder.Value) : await Paused(change);
    }

    public async Task<JobAnswer> SetEnabled(bool enabled)
    {
        if (await Current() is null)
        {
            return new JobAnswer.Unknown();
        }

        var (change, _) = await Change(current => IfThere(current, job => JobPlanner.SetEnabled(job, enabled, _time.GetUtcNow())));
        return await Paused(change);
    }

    public async Task<JobAnswer> Get() => await Current() is { } job ? new JobAnswer.Found(job) : new JobAnswer.Unknown();

    public async Task<bool> Delete()
    {
        if (await Current() is null)
        {
            return false;
        }

        var (change, _) = await Change(current => JobPlanner.Delete(current, _time.GetUtcNow()));
        await Drop(change?.ToDrop ?? [], ExecutionResult.Cancelled, DeletedReason);
        await RecordAndSettle();
        return change is not null;
    }

    public async Task<ExecutionId?> Run(string? idempotencyKey)
    {
        if (await Current() is not { } job)
        {
            return null;
        }

        var keyHash = HashOf(idempotencyKey);
        var pin = await PinOf(job.Spec, job.Script);
        ExecutionId? execution = null;
        var isSaved = await SaveUndeleted(current =>
        {
            var run = JobPlanner.RunNow(current, keyHash, pin, _time.GetUtcNow());
            execution = run.ExecutionId;
            return run.Job;
        });
        Hint(_time.GetUtcNow());
        return isSaved ? execution : null;
    }

    public async Task<bool> CancelQueued(ExecutionId executionId, string reason)
    {
        if (await Current() is not { } job || job.Open.FirstOrDefault(launch => launch.Launch.ExecutionId == executionId) is not { } open)
        {
            return false;
        }

        return await Drop([open], ExecutionResult.Cancelled, reason);
    }

    public async Task<ExecutionPage> GetExecutions(GetJobExecutions message)
    {
        var queued = message.Cursor is null && message.Result is null or ExecutionResult.Queued ? await Queued(message) : [];
        if (message.Result is ExecutionResult.Queued)
        {
            return new ExecutionPage([.. queued.Take(message.Limit)], null);
        }

        var page = await _history.PageAsync(message with { Limit = Math.Max(1, message.Limit - queued.Count) });

        // Between the two looks a worker may have claimed one: what is recorded counts.
        var unclaimed = queued.ExceptBy(page.Executions.Select(execution => execution.ExecutionId), execution => execution.ExecutionId);
        return page with { Executions = [.. unclaimed.Concat(page.Executions).OrderByDescending(execution => execution.ExecutionDate)] };
    }

    public async Task<WakeAnswer> Wake()
    {
        // The index says that there is something to do. Where this copy does not, it is old: a write that was given up may have been carried out later.
        if (_state.Job?.WakeAt is not { } due || due > _time.GetUtcNow() + ClockDifference)
        {
            _state.Doubt();
        }

        if (await _state.LoadAsync() is not { } job)
        {
            return new WakeAnswer([], null);
        }

        var settled = await _launches.SettleAsync(job.Open);
        var backfill = await LookUpBackfill(job, settled);
        var pin = job.Spec.Enabled && job.DeletedAt is null ? await PinOf(job.Spec, job.Script) : job.Script;
        await _state.SaveAsync(current =>
        {
            var now = _time.GetUtcNow();
            var known = settled.Ended.Aggregate(current, (state, end) => JobPlanner.Finished(state, end, now).Job);
            var planned = JobPlanner.Plan(known.Script == pin ? known : known with { Script = pin }, now).Job;
            return backfill is { } found ? JobPlanner.PlanBackfill(planned, found.Look, found.Succeeded, now).Job : planned;
        });
        await DropUnwanted(settled);
        await DropOverdue(settled);
        await EndReplaced(settled);
        await RecordAndSettle();
        if (_state.Job is not { } planned)
        {
            return new WakeAnswer([], null);
        }

        var wakeAt = settled.NextLook is { } left && (planned.WakeAt is null || _time.GetUtcNow() + left < planned.WakeAt) ? _time.GetUtcNow() + left : planned.WakeAt;
        return new WakeAnswer([.. planned.Open.Where(owed => !settled.Running.ContainsKey(owed.Launch.ExecutionId) && JobPlanner.MayStart(owed, _time.GetUtcNow())).Select(owed => JobPlanner.ToOffer(planned, owed))], wakeAt);
    }

    public async Task<DateTimeOffset?> Finished(ExecutionId executionId, ExecutionEnd? end)
    {
        using var patience = PatientWrites.Begin(); // the document of the execution decides; the job only need not look after it any more
        if (await _state.LoadAsync() is null)
        {
            return null;
        }

        if ((end ?? await _launches.EndOfAsync(executionId)) is { } known)
        {
            await _state.SaveAsync(current => JobPlanner.Finished(current, known, _time.GetUtcNow()).Job);
            await RecordAndSettle();
        }

        return _state.Job?.WakeAt;
    }

    private static string? HashOf(string? idempotencyKey) =>
        idempotencyKey is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(idempotencyKey)));

    private async Task<JobDocument?> Current() => await _state.LoadAsync() is { DeletedAt: null } job ? job : null;

    // A script that is missing or out of reach does not stop the planning: its launch then ends with that as its reason.
    private async Task<ScriptPin?> PinOf(JobSpec spec, ScriptPin? previous)
    {
        if (!ObjectLocation.TryParse(spec.ScriptLocation, out var location, out _))
        {
            return null;
        }

        return await _pinner.PinAsync(location, previous) switch
        {
            ScriptPinning.Pinned pinned => pinned.Pin,
            ScriptPinning.Missing => null,
            ScriptPinning.Unknown => previous?.Location == spec.ScriptLocation ? previous : null,
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
    }

    // A job that has more due fire times than one plan takes decides them in portions before the change itself.
    private async Task<(JobChange? Change, JobId? NameHolder)> Change(Func<JobDocument, JobChange> decide)
    {
        while (true)
        {
            JobChange? change = null;
            var (job, holder) = await _state.ChangeSpecAsync(current => (change = decide(current)).Job);
            if (job is null || change!.IsApplied)
            {
                return (job is null ? null : change, holder);
            }

            await RecordAndSettle();
        }
    }

    /// <summary>Saves what is decided, unless the job is deleted by now: another activation may have done that.</summary>
    /// <returns>Whether it was there. Otherwise whatever was decided counts for nothing.</returns>
    private async Task<bool> SaveUndeleted(Func<JobDocument, JobDocument> decide) =>
        await _state.SaveAsync(current => current.DeletedAt is null ? decide(current) : current) is { DeletedAt: null };

    private static JobChange IfThere(JobDocument current, Func<JobDocument, JobChange> decide) =>
        current.DeletedAt is null ? decide(current) : new JobChange(current, false, true, []);

    private async Task<JobAnswer> Paused(JobChange? change)
    {
        if (change is not { Job.DeletedAt: null })
        {
            return new JobAnswer.Unknown();
        }

        await Drop(change.ToDrop, ExecutionResult.Skipped, PausedReason);
        await RecordAndSettle();
        return Told(_state.Job!);
    }

    private async Task<bool> Drop(IReadOnlyList<OwedLaunch> candidates, ExecutionResult result, string reason)
    {
        var dropped = await _launches.DropAsync(candidates, result, reason);
        if (dropped.Count > 0)
        {
            await _state.SaveAsync(current => dropped.Aggregate(current, (job, id) => JobPlanner.Finished(job, id, _time.GetUtcNow()).Job));
        }

        return dropped.Count > 0;
    }

    private async Task RecordAndSettle()
    {
        if (_state.Job is { Unrecorded.Count: > 0 } job)
        {
            await _launches.RecordAsync(job);
            var recorded = job.Unrecorded.Select(passed => passed.ExecutionId).ToHashSet();
            await _state.SaveAsync(current => JobPlanner.Recorded(current, recorded, _time.GetUtcNow()).Job);
        }

        if (_state.Job is { } settled && JobPlanner.IsSettled(settled))
        {
            await _state.ClearAsync();
        }
    }

    private async Task<List<ExecutionDocument>> Queued(GetJobExecutions message)
    {
        if (await Current() is not { Open.Count: > 0 } job)
        {
            return [];
        }

        var found = await _history.FindManyAsync([.. job.Open.Select(launch => launch.Launch.ExecutionId)]);
        return [.. job.Open
            .Where((_, i) => found[i] is null)
            .Select(QueuedExecution.Of)
            .Where(execution => (message.From is null || execution.ExecutionDate >= message.From) && (message.To is null || execution.ExecutionDate < message.To))
            .OrderByDescending(execution => execution.ExecutionDate)];
    }

    private JobAnswer.Found Told(JobDocument job)
    {
        if (job.WakeAt is { } wakeAt && wakeAt <= _time.GetUtcNow() + LeaderGrain.LookAhead)
        {
            Hint(wakeAt);
        }

        return new JobAnswer.Found(job);
    }

    // Only a hint: if it is lost, the leader's next poll finds the job by its document.
    private void Hint(DateTimeOffset wakeAt) =>
        GrainFactory.GetGrain<ILeaderGrain>(0).Hint(JobId.Parse(this.GetPrimaryKeyString()), wakeAt).Ignore();
}

using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Workers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Dcron.Grains.Leading;

/// <summary>Polls, keeps time and places; decides nothing about a job. All that it knows can be forgotten: it is read again from the store.</summary>
[Reentrant, KeepAlive]
internal sealed partial class LeaderGrain(
    WakeIndex index,
    LostSweep sweep,
    WorkerLiveness liveness,
    Retention retention,
    ILocalSiloDetails silo,
    [FromKeyedServices(DcronClock.Key)] TimeProvider time,
    ILogger<LeaderGrain> logger) : Grain, ILeaderGrain, IRemindable, IGrainMigrationParticipant
{
    /// <summary>How far ahead a poll looks: the reminder's period and some more, so that a late reminder misses nothing.</summary>
    public static readonly TimeSpan LookAhead = TimeSpan.FromSeconds(75);

    private const string PollReminder = "poll";
    private const string WorkersHandedOver = "workers";

    // Waking reads and writes a job's document. More at once than this only queue up in the store.
    private const int MostWakesAtOnce = 256;

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(100);

    // Longer than a store that is started anew stays away for some silos after it is there again for others.
    private static readonly TimeSpan CutOffAfter = TimeSpan.FromSeconds(10);

    // How often a job is asked whose silo's clock has not come as far as the leader's.
    private static readonly TimeSpan ClockBehindDelay = TimeSpan.FromMilliseconds(200);

    private readonly WakeQueue _wakes = new();
    private readonly PlacementBoard _board = new();
    private readonly ClockWatch _clocks = new();
    private readonly HashSet<JobId> _waking = [];
    private readonly Dictionary<JobId, int> _failures = [];
    private readonly KnownGrains<JobId, IJobGrain> _jobs = new(static (grains, job) => grains.GetGrain<IJobGrain>(job.Value));
    private readonly KnownGrains<string, IWorkerGrain> _workers = new(static (grains, worker) => grains.GetGrain<IWorkerGrain>(worker));
    private IGrainTimer? _alarm;
    private IGrainTimer? _poller;
    private int _deaths;
    private long? _pollFailsSince;

    private string Here => silo.SiloAddress.ToParsableString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _alarm = this.RegisterGrainTimer(Ring, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });

        // What an earlier leader had in hand is owed by its jobs: those with something open are woken at once.
        _poller = this.RegisterGrainTimer(PollFirst, new GrainTimerCreationOptions(TimeSpan.Zero, RetryDelay) { Interleave = true, KeepAlive = true });
        _deaths = liveness.Deaths;
        LogActive(logger);
        return Task.CompletedTask;
    }

    // Who is handed the lead knows the workers at once. Without that, nothing could be placed until they have reported, which is up to a second.
    public void OnDehydrate(IDehydrationContext dehydrationContext) => dehydrationContext.TryAddValue(WorkersHandedOver, _board.Workers.ToArray());

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (rehydrationContext.TryGetValue<WorkerInfo[]>(WorkersHandedOver, out var workers))
        {
            foreach (var worker in workers!)
            {
                _board.Report(worker, time.GetUtcNow());
            }
        }
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        retention.SeeTo();
        if (_poller is null)
        {
            await TryPoll(firstPoll: false);
        }
    }

    public Task Hint(JobId jobId, DateTimeOffset wakeAt)
    {
        Arm(jobId, wakeAt);
        return Task.CompletedTask;
    }

    public Task Report(WorkerInfo worker)
    {
        _board.Report(worker, time.GetUtcNow());
        CompareClocks(worker);
        HandOverWhenCutOff();
        Place();
        SetAlarm(); // the clock may have been set forward since; an alarm runs by a clock that is never set
        LookAfterDead();
        return Task.CompletedTask;
    }

    public Task Withdraw(string workerId)
    {
        _board.Remove(workerId);
        if (workerId == Here && _board.AnyActive() is { } other)
        {
            // This silo stops, if only after its scripts: the others need not wait for that.
            LogHandsOver(logger, other);
            HandOver(other);
        }

        return Task.CompletedTask;
    }

    // A silo that alone is without its store finds no more jobs that are due, while all others could.
    private void HandOverWhenCutOff()
    {
        if (_pollFailsSince is { } since && time.GetElapsedTime(since) is var failing && failing >= CutOffAfter && _board.AnyReaching(except: Here) is { } other)
        {
            _pollFailsSince = null; // once is enough
            LogCutOff(logger, (int)failing.TotalSeconds, other);
            HandOver(other);
        }
    }

    private void HandOver(string workerId)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(workerId));
        this.MigrateOnIdle();
    }

    public Task<IReadOnlyList<WorkerInfo>> GetWorkers() =>
        Task.FromResult<IReadOnlyList<WorkerInfo>>([.. _board.Workers.Select(worker => worker with { Leads = worker.WorkerId == Here, ClockOffset = _clocks.OffsetOf(worker.WorkerId) })]);

    public Task SlotFreed(string workerId, ExecutionId executionId)
    {
        _board.SlotFreed(workerId, executionId);
        Place();
        return Task.CompletedTask;
    }

    public async Task SaveJobStatus(SaveJobStatus message)
    {
        _board.SlotFreed(message.WorkerId, message.ExecutionId);
        Place();
        if (await _jobs.Of(GrainFactory, message.JobId).Finished(message.ExecutionId, message.End) is { } wakeAt)
        {
            Arm(message.JobId, wakeAt);
        }
    }

    private void CompareClocks(WorkerInfo worker)
    {
        if (worker.ReportedAt is not { } reportedAt)
        {
            return;
        }

        var changed = _clocks.Heard(worker.WorkerId, reportedAt, time.GetUtcNow());
        _clocks.Keep(_board.Workers.Select(known => known.WorkerId));
        if (_clocks.OffsetOf(worker.WorkerId) is not { } offset)
        {
            return;
        }

        DcronMetrics.ClockOffset(worker.WorkerId, worker.Host, offset);
        if (changed == true)
        {
            LogClockDiffers(logger, worker.Host, worker.WorkerId, Math.Round(Math.Abs(offset.TotalSeconds), 1), offset > TimeSpan.Zero ? "ahead of" : "behind", Environment.MachineName, Here);
        }
        else if (changed == false)
        {
            LogClockAgrees(logger, worker.Host, worker.WorkerId, Environment.MachineName);
        }
    }

    // A job whose worker died asks anew when that is certain; until it was woken once, it does not know.
    private void LookAfterDead()
    {
        if (_deaths != liveness.Deaths && _poller is null)
        {
            _deaths = liveness.Deaths;
            _poller = this.RegisterGrainTimer(PollFirst, new GrainTimerCreationOptions(TimeSpan.Zero, RetryDelay) { Interleave = true, KeepAlive = true });
        }
    }

    private async Task PollFirst(CancellationToken cancellationToken)
    {
        if (_poller is { } poller && await TryPoll(firstPoll: true))
        {
            poller.Dispose();
            _poller = null;
        }
    }

    private async Task<bool> TryPoll(bool firstPoll)
    {
        try
        {
            if (firstPoll)
            {
                foreach (var job in await index.WithOpenLaunchesAsync())
                {
                    Arm(job, time.GetUtcNow());
                }
            }

            var found = 0;
            await foreach (var (job, wakeAt) in index.UpToAsync(time.GetUtcNow() + LookAhead))
            {
                found++;
                Arm(job, wakeAt);
            }

            _pollFailsSince = null;
            LogPolled(logger, found, _wakes.Count, _board.PendingCount);
            SweepLost().Ignore();
        }
        catch (Exception exception)
        {
            // The store is away: nothing is forgotten, since a poll has no lower limit.
            _pollFailsSince ??= time.GetTimestamp();
            LogPollFailed(logger, exception);
            PollSoon();
            return false;
        }

        return !firstPoll || await TryRegisterReminder();
    }

    // The reminder may belong to another silo, which does not reach the store while this one does: until it is there, each second has a poll of its own.
    private async Task<bool> TryRegisterReminder()
    {
        try
        {
            await this.RegisterOrUpdateReminder(PollReminder, PollPeriod, PollPeriod);
            return true;
        }
        catch (Exception exception)
        {
            LogNotReminded(logger, exception.Message);
            return false;
        }
    }

    private void PollSoon() =>
        _poller ??= this.RegisterGrainTimer(PollFirst, new GrainTimerCreationOptions(RetryDelay, RetryDelay) { Interleave = true, KeepAlive = true });

    private async Task SweepLost()
    {
        try
        {
            if (await sweep.RunAsync() is > 0 and var closed)
            {
                LogSwept(logger, closed);
            }
        }
        catch (Exception exception)
        {
            LogSweepFailed(logger, exception); // the next poll is due in a minute
        }
    }

    private void Arm(JobId job, DateTimeOffset wakeAt)
    {
        if (wakeAt <= time.GetUtcNow() + LookAhead)
        {
            _wakes.Arm(job, wakeAt);
            SetAlarm();
        }
    }

    private void SetAlarm()
    {
        if (_wakes.NextAt is { } next && _waking.Count < MostWakesAtOnce)
        {
            // Rounded up: an alarm before its time would find nothing due.
            var wait = Math.Max(0, Math.Ceiling((next - time.GetUtcNow()).TotalMilliseconds));
            _alarm?.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }
    }

    private Task Ring(CancellationToken cancellationToken)
    {
        while (_waking.Count < MostWakesAtOnce && _wakes.TryTake(time.GetUtcNow(), out var job))
        {
            if (_waking.Add(job))
            {
                Wake(job).Ignore();
            }
            else
            {
                // Being woken right now by an older call, which may have planned before this one's time came.
                _wakes.Arm(job, time.GetUtcNow() + TimeSpan.FromMilliseconds(20));
            }
        }

        SetAlarm();
        return Task.CompletedTask;
    }

    private async Task Wake(JobId job)
    {
        var wokenAt = time.GetUtcNow();
        try
        {
            var answer = await _jobs.Of(GrainFactory, job).Wake();
            foreach (var owed in answer.Owed)
            {
                _board.Add(owed.Launch with { PlannedAt = owed.PlannedAt });
            }

            _waking.Remove(job);
            _failures.Remove(job);
            if (answer.WakeAt is { } wakeAt)
            {
                // By its own silo's clock the time has not come yet: asking at once, again and again, would not bring it nearer.
                Arm(job, wakeAt <= wokenAt ? time.GetUtcNow() + ClockBehindDelay : wakeAt);
            }

            Place();
        }
        catch (Exception exception)
        {
            // At once, since the job may only have been on a silo that stops; then twice as long after each failure: a store that is away must not be flooded by all the jobs
            // that wait for it.
            var failures = _failures[job] = Math.Min(_failures.GetValueOrDefault(job) + 1, 7);
            var delay = failures == 1 ? FirstRetryDelay : RetryDelay * Math.Pow(2, failures - 2);
            LogWakeFailed(logger, job, delay, exception);
            _waking.Remove(job);
            Arm(job, time.GetUtcNow() + delay);
            PollSoon(); // tells whether it is this silo that is without the store
        }
        finally
        {
            SetAlarm();
        }
    }

    private void Place()
    {
        while ((_board.NextOffer() ?? _board.NextOfferAhead()) is { } offer)
        {
            if (offer.Launch.ClaimBefore is { } end && time.GetUtcNow() >= end)
            {
                _board.Answered(offer, new ExecuteAnswer.AlreadyDecided()); // its job is woken at its deadline; should that have been put off, it brings the launch again
                continue;
            }

            Make(offer).Ignore();
        }

        DcronMetrics.LaunchesWaiting(_board.PendingCount);
    }

    private async Task Make(Offer offer)
    {
        try
        {
            var worker = _workers.Of(GrainFactory, offer.WorkerId);
            var answer = await (offer.Ahead ? worker.ExecuteNext(offer.Launch) : worker.Execute(offer.Launch));
            DcronMetrics.Offered(answer.GetType().Name.ToLowerInvariant());
            _board.Answered(offer, answer, answer is ExecuteAnswer.Declined declined ? NoteOf(offer, declined.Reason, declined.Detail) : null);
        }
        catch (SiloUnavailableException)
        {
            _board.Unanswered(offer, NoteOf(offer, null, "it is gone"));
            _board.Remove(offer.WorkerId);
        }
        catch (Exception exception)
        {
            LogOfferFailed(logger, offer.Launch.ExecutionId, offer.WorkerId, exception);
            _board.Unanswered(offer, NoteOf(offer, null, null));
        }

        Place();
    }

    private LaunchOffer NoteOf(Offer offer, DeclineReason? declined, string? detail) => new(
        offer.WorkerId, Json.UtcTime.ToMilliseconds(time.GetUtcNow()), declined, detail is { Length: > LaunchOffer.MostDetail } ? detail[..LaunchOffer.MostDetail] : detail);
}

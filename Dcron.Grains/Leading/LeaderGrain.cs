using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Workers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Dcron.Grains.Leading;

/// <summary>Polls, keeps time and places; decides nothing about a job. All that it knows can be forgotten: it is read again from the store.</summary>
[Reentrant, KeepAlive]
internal sealed partial class LeaderGrain(WakeIndex index, [FromKeyedServices(DcronClock.Key)] TimeProvider time, ILogger<LeaderGrain> logger) : Grain, ILeaderGrain, IRemindable
{
    /// <summary>How far ahead a poll looks: the reminder's period and some more, so that a late reminder misses nothing.</summary>
    public static readonly TimeSpan LookAhead = TimeSpan.FromSeconds(75);

    private const string PollReminder = "poll";

    // Waking reads and writes a job's document. More at once than this only queue up in the store.
    private const int MostWakesAtOnce = 256;

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly WakeQueue _wakes = new();
    private readonly PlacementBoard _board = new();
    private readonly HashSet<JobId> _waking = [];
    private readonly Dictionary<JobId, int> _failures = [];
    private IGrainTimer? _alarm;
    private IGrainTimer? _poller;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _alarm = this.RegisterGrainTimer(Ring, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });

        // What an earlier leader had in hand is owed by its jobs: those with something open are woken at once.
        _poller = this.RegisterGrainTimer(PollFirst, new GrainTimerCreationOptions(TimeSpan.Zero, RetryDelay) { Interleave = true, KeepAlive = true });
        LogActive(logger);
        return Task.CompletedTask;
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
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
        Place();
        SetAlarm(); // the clock may have been set forward since; an alarm runs by a clock that is never set
        return Task.CompletedTask;
    }

    public Task Withdraw(string workerId)
    {
        _board.Remove(workerId);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<WorkerInfo>> GetWorkers() => Task.FromResult<IReadOnlyList<WorkerInfo>>([.. _board.Workers]);

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
        if (await GrainFactory.GetGrain<IJobGrain>(message.JobId.Value).Finished(message.ExecutionId) is { } wakeAt)
        {
            Arm(message.JobId, wakeAt);
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
                await this.RegisterOrUpdateReminder(PollReminder, PollPeriod, PollPeriod);
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

            LogPolled(logger, found, _wakes.Count, _board.PendingCount);
            return true;
        }
        catch (Exception exception)
        {
            // The store is away: nothing is forgotten, since a poll has no lower limit.
            LogPollFailed(logger, exception);
            _poller ??= this.RegisterGrainTimer(PollFirst, new GrainTimerCreationOptions(RetryDelay, RetryDelay) { Interleave = true, KeepAlive = true });
            return false;
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
        try
        {
            var answer = await GrainFactory.GetGrain<IJobGrain>(job.Value).Wake();
            foreach (var owed in answer.Owed)
            {
                _board.Add(owed.Launch);
            }

            _waking.Remove(job);
            _failures.Remove(job);
            if (answer.WakeAt is { } wakeAt)
            {
                Arm(job, wakeAt);
            }

            Place();
        }
        catch (Exception exception)
        {
            // Twice as long after each failure: a store that is away must not be flooded by all the jobs that wait for it.
            var failures = _failures[job] = Math.Min(_failures.GetValueOrDefault(job) + 1, 6);
            var delay = RetryDelay * Math.Pow(2, failures - 1);
            LogWakeFailed(logger, job, delay, exception);
            _waking.Remove(job);
            Arm(job, time.GetUtcNow() + delay);
        }
        finally
        {
            SetAlarm();
        }
    }

    private void Place()
    {
        while (_board.NextOffer() is { } offer)
        {
            Make(offer).Ignore();
        }

        DcronMetrics.LaunchesWaiting(_board.PendingCount);
    }

    private async Task Make(Offer offer)
    {
        try
        {
            var answer = await GrainFactory.GetGrain<IWorkerGrain>(offer.WorkerId).Execute(offer.Launch);
            DcronMetrics.Offered(answer.GetType().Name.ToLowerInvariant());
            _board.Answered(offer, answer);
        }
        catch (SiloUnavailableException)
        {
            _board.Unanswered(offer);
            _board.Remove(offer.WorkerId);
        }
        catch (Exception exception)
        {
            LogOfferFailed(logger, offer.Launch.ExecutionId, offer.WorkerId, exception);
            _board.Unanswered(offer);
        }

        Place();
    }
}

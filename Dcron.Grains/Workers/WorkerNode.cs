using System.Collections.Concurrent;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Processes.Guarding;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Dcron.Grains.Workers;

/// <summary>
/// What this silo really holds: slots, claims and running scripts. The worker and execution grains are its face to the
/// cluster; they may come and go, this does not.
/// </summary>
internal sealed partial class WorkerNode(
    IOptions<WorkerOptions> options,
    InterpreterCatalog interpreters,
    WorkerContainment containment,
    ExecutionHistory history,
    ExecutionRunner runner,
    GuardLink guard,
    ScriptLease lease,
    ILocalSiloDetails silo,
    TimeProvider time,
    ILogger<WorkerNode> logger) : IDisposable
{
    // Long enough to be there when a short script ends; after that the leader looks anew for whom to offer it to.
    private static readonly TimeSpan NextSlotLimit = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<ExecutionId, HeldExecution> _held = new();
    private readonly Slots _slots = new(options.Value.Slots, time);
    private volatile bool _draining;

    public string WorkerId { get; } = silo.SiloAddress.ToParsableString();

    /// <summary>Whether an execution is in hand, be it claimed, running or being finished.</summary>
    public bool Holds(ExecutionId id) => _held.ContainsKey(id);

    public WorkerInfo Describe() => new()
    {
        WorkerId = WorkerId,
        Host = Environment.MachineName,
        Slots = options.Value.Slots,
        Running = _slots.InUse,
        Interpreters = interpreters.Versions,
        Labels = options.Value.Labels,
        State = _draining ? WorkerState.Draining : WorkerState.Active,
        Containment = containment.Info,
        ReportedAt = time.GetUtcNow(),
        ReachesStore = lease.IsConfirmed,
    };

    public void Drain()
    {
        _draining = true;
        _slots.EndWaiting();
        containment.LetGoOfSandboxes();
    }

    public void Dispose() => _slots.Dispose();

    public void Undrain() => _draining = false;

    /// <summary>EXECUTE JOB: takes a slot, then claims. Accepted follows the claim.</summary>
    public async Task<ExecuteAnswer> AcceptAsync(ExecuteJob launch)
    {
        if (_held.ContainsKey(launch.ExecutionId))
        {
            return new ExecuteAnswer.Accepted(); // the first answer was lost
        }

        if (WhyNot(launch) is { } declined)
        {
            return declined;
        }

        return _slots.TryTake() ? await ClaimAsync(launch) : Busy();
    }

    /// <summary>EXECUTE JOB for the slot that frees next. Until there is one, nothing is claimed.</summary>
    public async Task<ExecuteAnswer> AcceptNextAsync(ExecuteJob launch)
    {
        if (_held.ContainsKey(launch.ExecutionId))
        {
            return new ExecuteAnswer.Accepted();
        }

        if (WhyNot(launch) is { } declined)
        {
            return declined;
        }

        if (!await _slots.TakeNextAsync(NextSlotLimit))
        {
            return WhyNot(launch) ?? Busy();
        }

        if (WhyNot(launch) is { } changed)
        {
            _slots.Free();
            return changed;
        }

        return await ClaimAsync(launch);
    }

    /// <summary>Runs a claimed execution to its end. Does nothing when it runs already.</summary>
    public void Start(ExecutionId id)
    {
        if (_held.TryGetValue(id, out var held) && held.TryBegin())
        {
            _ = runner.BesideGrains(() => RunAsync(held));
        }
    }

    public bool Cancel(ExecutionId id, string reason) => _held.TryGetValue(id, out var held) && held.Cancel(reason);

    public async Task<LogChunk> ReadLogAsync(ExecutionId id, long offset, int maxBytes, TimeSpan wait)
    {
        try
        {
            return _held.TryGetValue(id, out var held) && await held.LogAsync(wait, time) is { } log
                ? await log.ReadAsync(offset, maxBytes, wait)
                : new LogChunk([], offset, Ended: !_held.ContainsKey(id));
        }
        catch (ObjectDisposedException)
        {
            return new LogChunk([], offset, Ended: true); // it was stored while we waited
        }
    }

    /// <summary>Asks every script that still runs to end.</summary>
    public void EndScripts()
    {
        LogEnding(logger, _held.Count);
        foreach (var held in _held.Values)
        {
            held.Stop();
        }
    }

    /// <summary>True when nothing is in hand any more; false when that takes longer than the limit.</summary>
    public async Task<bool> FinishesWithin(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_held.Values.Select(held => held.Done)).WaitAsync(limit, time, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private ExecuteAnswer.Declined? WhyNot(ExecuteJob launch)
    {
        if (_draining)
        {
            return new ExecuteAnswer.Declined(DeclineReason.Draining, "the worker is draining");
        }

        if (!guard.IsReady)
        {
            return new ExecuteAnswer.Declined(DeclineReason.Unfit, "the worker's guard is being started");
        }

        if (!lease.IsHeld)
        {
            return new ExecuteAnswer.Declined(DeclineReason.Unfit, "the document store does not confirm that the worker's silo is a member");
        }

        if (!lease.IsConfirmed)
        {
            return new ExecuteAnswer.Declined(DeclineReason.Unfit, "the document store is out of the worker's reach");
        }

        // The job records it as missed as soon as it can; whoever stood still until now must not be quicker.
        if (launch.ClaimBefore is { } end && time.GetUtcNow() >= end)
        {
            return new ExecuteAnswer.Declined(DeclineReason.Unfit, "its starting deadline is over by the worker's clock");
        }

        if (!interpreters.Interpreters.ContainsKey(launch.ScriptType))
        {
            return new ExecuteAnswer.Declined(DeclineReason.NoInterpreter, $"the worker has no interpreter named '{launch.ScriptType}'");
        }

        if (containment.Info.WhyNot(launch.Limits, launch.Network) is { } uncontained)
        {
            return new ExecuteAnswer.Declined(DeclineReason.Unfit, "the worker can't contain it as its job wants: " + uncontained);
        }

        foreach (var (label, value) in launch.WorkerSelector)
        {
            if (options.Value.Labels.GetValueOrDefault(label) != value)
            {
                return new ExecuteAnswer.Declined(DeclineReason.LabelsDiffer, $"the worker lacks the label {label}={value}");
            }
        }

        return null;
    }

    private ExecuteAnswer.Declined Busy() => new(DeclineReason.Busy, $"{_slots.Count} of {_slots.Count} slots are taken");

    // The caller has taken a slot for it.
    private async Task<ExecuteAnswer> ClaimAsync(ExecuteJob launch)
    {
        var held = new HeldExecution(launch, WorkerId, options.Value.LeaseSeconds, _slots.Free);
        if (!_held.TryAdd(launch.ExecutionId, held))
        {
            held.FreeSlot();
            return new ExecuteAnswer.Accepted(); // the first answer was lost
        }

        return await ClaimAsync(held);
    }

    private async Task<ExecuteAnswer> ClaimAsync(HeldExecution held)
    {
        var (began, claim) = (time.GetTimestamp(), held.Document(time.GetUtcNow()));
        try
        {
            held.Entry = runner.Spool.Create(new SpooledClaim(held.Launch, WorkerId, claim.ClaimToken!));
            if (await history.CreateAsync(claim) is { } revision)
            {
                held.Claimed(claim with { ClaimMilliseconds = Math.Round(time.GetElapsedTime(began).TotalMilliseconds, 2) }, revision);
                return new ExecuteAnswer.Accepted();
            }

            return LetGo(held, new ExecuteAnswer.AlreadyDecided());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogSpoolFailed(logger, held.Launch.ExecutionId, exception);
            return LetGo(held, new ExecuteAnswer.Declined(DeclineReason.Unfit, "the worker's disk does not take the execution: " + exception.Message));
        }
        catch (Exception exception)
        {
            // Claimed or not: nobody knows yet. It is never started late; once the store answers, a claim of ours is closed.
            LogClaimUnknown(logger, held.Launch.ExecutionId, exception);
            held.FreeSlot();
            _ = CloseUnknownAsync(held);
            return new ExecuteAnswer.Declined(DeclineReason.Unfit, "the document store is out of reach");
        }
    }

    private ExecuteAnswer LetGo(HeldExecution held, ExecuteAnswer answer)
    {
        _held.TryRemove(held.Launch.ExecutionId, out _);
        held.FreeSlot();
        held.MarkDone();
        try
        {
            held.Entry?.Delete();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogSpoolFailed(logger, held.Launch.ExecutionId, exception);
        }

        return answer;
    }

    private async Task RunAsync(HeldExecution held)
    {
        try
        {
            await runner.RunAsync(held);
        }
        catch (Exception exception)
        {
            LogRunBroke(logger, held.Launch.ExecutionId, exception);
        }
        finally
        {
            held.FreeSlot();
            _held.TryRemove(held.Launch.ExecutionId, out _);
            held.MarkDone();
        }
    }

    private async Task CloseUnknownAsync(HeldExecution held)
    {
        try
        {
            await runner.CloseNeverStartedAsync(held);
        }
        finally
        {
            _held.TryRemove(held.Launch.ExecutionId, out _);
            held.MarkDone();
        }
    }
}

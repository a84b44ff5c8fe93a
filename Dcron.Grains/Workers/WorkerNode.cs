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
    ExecutionHistory history,
    ExecutionRunner runner,
    GuardLink guard,
    ILocalSiloDetails silo,
    TimeProvider time,
    ILogger<WorkerNode> logger)
{
    private readonly ConcurrentDictionary<ExecutionId, HeldExecution> _held = new();
    private int _slotsInUse;
    private volatile bool _draining;

    public string WorkerId { get; } = silo.SiloAddress.ToParsableString();

    /// <summary>Whether an execution is in hand, be it claimed, running or being finished.</summary>
    public bool Holds(ExecutionId id) => _held.ContainsKey(id);

    public WorkerInfo Describe() => new()
    {
        WorkerId = WorkerId,
        Host = Environment.MachineName,
        Slots = options.Value.Slots,
        Running = Volatile.Read(ref _slotsInUse),
        Interpreters = interpreters.Versions,
        Labels = options.Value.Labels,
        State = _draining ? WorkerState.Draining : WorkerState.Active,
    };

    public void Drain() => _draining = true;

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

        if (Interlocked.Increment(ref _slotsInUse) > options.Value.Slots)
        {
            Interlocked.Decrement(ref _slotsInUse);
            return new ExecuteAnswer.Declined(DeclineReason.Busy, $"{options.Value.Slots} of {options.Value.Slots} slots are taken");
        }

        var held = new HeldExecution(launch, WorkerId, () => Interlocked.Decrement(ref _slotsInUse));
        if (!_held.TryAdd(launch.ExecutionId, held))
        {
            held.FreeSlot();
            return new ExecuteAnswer.Accepted();
        }

        return await ClaimAsync(held);
    }

    /// <summary>Runs a claimed execution to its end. Does nothing when it runs already.</summary>
    public void Start(ExecutionId id)
    {
        if (_held.TryGetValue(id, out var held) && held.TryBegin())
        {
            _ = RunAsync(held);
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

        if (!interpreters.Interpreters.ContainsKey(launch.ScriptType))
        {
            return new ExecuteAnswer.Declined(DeclineReason.NoInterpreter, $"the worker has no interpreter named '{launch.ScriptType}'");
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

    private async Task<ExecuteAnswer> ClaimAsync(HeldExecution held)
    {
        var claim = held.ClaimDocument(time.GetUtcNow());
        try
        {
            held.Entry = runner.Spool.Create(new SpooledClaim(held.Launch, WorkerId, claim.ClaimToken!));
            if (await history.CreateAsync(claim) is { } revision)
            {
                held.Claimed(claim, revision);
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

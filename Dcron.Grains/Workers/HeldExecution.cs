using System.Security.Cryptography;
using Dcron.Grains.Executions;
using Dcron.Grains.Processes;

namespace Dcron.Grains.Workers;

/// <summary>One execution in this worker's hands, from the slot it takes to the outcome that is stored.</summary>
internal sealed class HeldExecution(ExecuteJob launch, string workerId, double leaseSeconds, Action freeSlot)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<IRunningScript?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? _freeSlot = freeSlot;
    private IRunningScript? _run;
    private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private bool _begun;
    private bool _stopping;

    public ExecuteJob Launch { get; } = launch;

    public SpoolEntry? Entry { get; set; }

    /// <summary>The claim as last stored, and its revision.</summary>
    public (ExecutionDocument Document, string Revision)? Claim { get; private set; }

    /// <summary>What holds its script in; null before.</summary>
    public ContainedScript? Contained { get; set; }

    /// <summary>Why somebody wants it ended; null while nobody does.</summary>
    public string? CancelReason { get; private set; }

    /// <summary>Completes when nothing of it is in hand any more.</summary>
    public Task Done => _done.Task;

    public ExecutionDocument Document(DateTimeOffset now) =>
        ClaimDocument.Of(Launch, workerId, _token) with { OpenOn = workerId, ClaimedAt = now, LeaseSeconds = leaseSeconds };

    public void Claimed(ExecutionDocument document, string revision) => Claim = (document, revision);

    /// <summary>True for the first caller only: at most one start an attempt.</summary>
    public bool TryBegin()
    {
        lock (_gate)
        {
            return Claim is not null && !_begun && (_begun = true);
        }
    }

    /// <summary>Its process runs. Ends it at once if that was asked for meanwhile.</summary>
    public void Running(IRunningScript run)
    {
        lock (_gate)
        {
            _run = run;
            if (CancelReason is not null || _stopping)
            {
                run.End(_stopping ? EndCause.Stopping : EndCause.Cancelled);
            }
        }

        _started.TrySetResult(run);
    }

    /// <summary>False when it is over already.</summary>
    public bool Cancel(string reason)
    {
        lock (_gate)
        {
            if (_done.Task.IsCompleted || _run is { Completion.IsCompleted: true })
            {
                return false;
            }

            CancelReason ??= reason;
            _run?.End(EndCause.Cancelled);
            return true;
        }
    }

    public void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            _run?.End(EndCause.Stopping);
        }
    }

    /// <summary>The log, waited for while the process is being started; null when there will be none.</summary>
    public async Task<SpooledLog?> LogAsync(TimeSpan wait, TimeProvider time)
    {
        try
        {
            return (await _started.Task.WaitAsync(wait, time))?.Log;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Gives the slot back, once.</summary>
    public void FreeSlot() => Interlocked.Exchange(ref _freeSlot, null)?.Invoke();

    public void MarkDone()
    {
        _started.TrySetResult(null);
        _run?.Log?.Dispose();
        _done.TrySetResult();
    }
}

using System.Globalization;
using System.Text;
using Dcron.Grains.Processes.Native;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>The node's side of its guard: starts it, keeps it running, and tells it what it has to know. One in a silo.</summary>
/// <remarks>
/// A script is announced before it is started, in one write that carries along what became known since the last one. So a death of the node
/// at any point leaves nothing that the guard could not find; until a process id is told (with the next script or the next renewal of
/// the lease), it is found by its environment.
/// </remarks>
internal partial class GuardLink : IAsyncDisposable
{
    private const int FlushAt = 4 * 1024;
    private const int StuckAt = 256 * 1024;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Pid, long? StartTime)> _scripts = new(StringComparer.Ordinal);
    private readonly ProcessReactor _reactor;
    private readonly GuardCommand _command;
    private readonly TimeProvider _time;
    private readonly ILogger<GuardLink> _logger;
    private readonly ITimer _retry;
    private byte[] _unsent = new byte[FlushAt];
    private int _unsentCount;
    private long? _leaseUntil;
    private GuardProcess? _guard;
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _closed;

    public GuardLink(ProcessReactor reactor, GuardCommand command, TimeProvider time, ILogger<GuardLink> logger)
    {
        (_reactor, _command, _time, _logger) = (reactor, command, time, logger);
        _retry = time.CreateTimer(_ => Open(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True while a guard serves; without one no script is started.</summary>
    public virtual bool IsReady
    {
        get
        {
            lock (_lock)
            {
                return _guard is { IsReady: true };
            }
        }
    }

    /// <summary>The guard's process; null while there is none.</summary>
    public int? Pid
    {
        get
        {
            lock (_lock)
            {
                return _guard?.Pid;
            }
        }
    }

    /// <summary>Starts the guard if there is none. Answers at once; when it can't be started, it is tried again.</summary>
    public void Open()
    {
        lock (_lock)
        {
            if (_guard is not null || _closed is not null)
            {
                return;
            }

            if (GuardProcess.Start(_command, _reactor, this, out _guard) is not Errno.None and var error)
            {
                LogCannotStart(_logger, _command.Executable, error.Text());
                _retry.Change(RetryAfter, Timeout.InfiniteTimeSpan);
                return;
            }

            _unsentCount = 0;
            foreach (var (id, (pid, startTime)) in _scripts)
            {
                Write("script ", id, null);
                if (pid > 0)
                {
                    WriteStarted(id, pid, startTime);
                }
            }

            WriteLease();
            Flush();
        }
    }

    /// <summary>Completes when a guard serves.</summary>
    public Task WhenReadyAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return _ready.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Lengthens the lease under which all scripts run. Without a first call there is none, and only the death of the node ends them.</summary>
    /// <param name="length">From now on; whoever gives this node's scripts up for lost must wait longer.</param>
    public void RenewLease(TimeSpan length)
    {
        lock (_lock)
        {
            _leaseUntil = BootClock.Milliseconds + (long)length.TotalMilliseconds;
            WriteLease();
            Flush();
        }
    }

    /// <summary>Tells of a script that is about to be started.</summary>
    /// <param name="executionId">Without white space.</param>
    /// <param name="refused">Why it must not be started; a sentence.</param>
    public bool TryAnnounce(string executionId, out string? refused)
    {
        lock (_lock)
        {
            refused = _guard is not { IsReady: true } ? "The guard, which ends scripts if this node dies, is not running yet."
                : _leaseUntil <= BootClock.Milliseconds ? "The lease of this node has run out; it starts nothing until the cluster confirms it again."
                : null;
            if (refused is not null)
            {
                return false;
            }

            _scripts[executionId] = default;
            Write("script ", executionId, null);
            Flush();
            refused = _unsentCount > 0 ? "The guard, which ends scripts if this node dies, does not keep up." : null;
            return refused is null;
        }
    }

    /// <summary>Tells which process an announced script became.</summary>
    /// <param name="startTime">Of a process that does not bear the execution's id, and so can't be known by it; null for others.</param>
    public void Started(string executionId, int pid, long? startTime = null)
    {
        lock (_lock)
        {
            if (_scripts.ContainsKey(executionId))
            {
                _scripts[executionId] = (pid, startTime);
                WriteStarted(executionId, pid, startTime);
            }
        }
    }

    /// <summary>Tells that nothing is left of a script, or that it was not started after all.</summary>
    public void Done(string executionId)
    {
        lock (_lock)
        {
            if (_scripts.Remove(executionId))
            {
                Write("done ", executionId, null);
            }
        }
    }

    /// <summary>True when the guard says that it ended this script because the lease ran out. For the reactor's thread.</summary>
    public bool WasEnded(string executionId)
    {
        GuardProcess? guard;
        lock (_lock)
        {
            guard = _guard;
        }

        guard?.Reports.OnReadable(); // it reports before it kills: what there is to know is in the pipe
        return guard?.Ended.Contains(executionId) is true;
    }

    /// <summary>Lets the guard go. It ends whatever it still knows of.</summary>
    public async ValueTask DisposeAsync()
    {
        Task closed;
        lock (_lock)
        {
            if (_closed is not null)
            {
                return;
            }

            _closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            closed = _closed.Task;
            Flush();
            if (_guard is null)
            {
                _closed.TrySetResult();
            }

            _guard?.CloseInput();
            _ready.TrySetCanceled();
        }

        await _retry.DisposeAsync();
        await closed.WaitAsync(TimeSpan.FromSeconds(10), _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    internal void OnReport(GuardProcess guard, string line)
    {
        if (line == "ready")
        {
            lock (_lock)
            {
                guard.IsReady = true;
                _ready.TrySetResult();
                Flush();
            }

            LogReady(_logger, guard.Pid);
        }
        else if (line.StartsWith("ended ", StringComparison.Ordinal))
        {
            guard.Ended.Add(line["ended ".Length..]);
            LogEnded(_logger, line["ended ".Length..]);
        }
        else
        {
            LogSays(_logger, line);
        }
    }

    internal void OnExit(GuardProcess guard)
    {
        lock (_lock)
        {
            guard.CloseInput();
            _guard = null;
            if (_closed is not null)
            {
                _closed.TrySetResult();
                return;
            }

            if (guard.IsReady)
            {
                _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        LogGone(_logger, guard.Pid);
        if (guard.IsReady)
        {
            Open();
        }
        else
        {
            _retry.Change(RetryAfter, Timeout.InfiniteTimeSpan); // one that never got ready will hardly do so at once
        }
    }

    private void WriteLease()
    {
        if (_leaseUntil is { } until)
        {
            Write("lease ", null, until);
        }
    }

    private void WriteStarted(string executionId, int pid, long? startTime)
    {
        if (startTime is { } start)
        {
            Write("pid ", string.Create(CultureInfo.InvariantCulture, $"{executionId} {pid}"), start);
        }
        else
        {
            Write("pid ", executionId, pid);
        }
    }

    private void Write(string verb, string? executionId, long? number)
    {
        if (_guard is null)
        {
            return; // a new one is told everything
        }

        var room = verb.Length + Encoding.UTF8.GetMaxByteCount(executionId?.Length ?? 0) + 24;
        if (_unsent.Length - _unsentCount < room)
        {
            Flush();
            Array.Resize(ref _unsent, Math.Max(_unsent.Length, _unsentCount + room));
        }

        _unsentCount += Encoding.UTF8.GetBytes(verb, _unsent.AsSpan(_unsentCount));
        if (executionId is not null)
        {
            _unsentCount += Encoding.UTF8.GetBytes(executionId, _unsent.AsSpan(_unsentCount));
        }

        if (number is { } value)
        {
            if (executionId is not null)
            {
                _unsent[_unsentCount++] = (byte)' ';
            }

            value.TryFormat(_unsent.AsSpan(_unsentCount), out var written, provider: CultureInfo.InvariantCulture);
            _unsentCount += written;
        }

        _unsent[_unsentCount++] = (byte)'\n';
    }

    private void Flush()
    {
        if (_guard is not { } guard || _unsentCount == 0)
        {
            return;
        }

        var sent = guard.Send(_unsent.AsSpan(0, _unsentCount));
        _unsent.AsSpan(sent, _unsentCount - sent).CopyTo(_unsent);
        _unsentCount -= sent;
        if (_unsentCount > StuckAt)
        {
            LogStuck(_logger, guard.Pid);
            guard.Kill(); // its exit brings a new one
        }
    }
}

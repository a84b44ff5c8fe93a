using System.Diagnostics;
using System.Globalization;
using Dcron.Grains.Processes.Containing;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>One script that was started. All that follows happens on the reactor's thread.</summary>
internal sealed class ScriptRun : IRunningScript
{
    /// <summary>What outlives the main process may end by itself within this time: the last stage of a shell's pipeline often does.</summary>
    private static readonly TimeSpan Courtesy = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest time between asking leftovers to end and killing them.</summary>
    private static readonly TimeSpan LeftoverGrace = TimeSpan.FromSeconds(2);

    /// <summary>Longest time to wait for killed leftovers to be gone, and for an output pipe that somebody out of reach holds open.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<ScriptExit> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ScriptHost _host;
    private readonly ScriptCommand _command;
    private readonly ProcessHandle _process;
    private readonly SandboxedProcess? _sandbox;
    private readonly OutputPipe _output;
    private readonly OutputPipe? _errors;
    private readonly long _startedTicks;
    private readonly LongTimer? _timeout;
    private readonly ExitWatch _exitWatch;
    private ulong _exitToken;
    private ITimer? _tick;
    private ScriptExit? _exit;
    private int _signal;
    private ResourceUsage _usage;
    private EndCause? _cause;
    private string? _trouble;
    private long _exitedTicks;
    private TimeSpan? _killAt;
    private TimeSpan? _giveUpAt;
    private int _looks;
    private bool _groupGone;
    private bool _askedGroup;
    private HashSet<int>? _askedStrays;

    internal ScriptRun(ScriptHost host, ScriptCommand command, ProcessHandle process, OutputEnds ends, SpooledLog log)
    {
        (_host, _command, _process, Log) = (host, command, process, log);
        _sandbox = command.Containment is { Sandbox: { } sandbox } contained ? new SandboxedProcess(host.Reactor, sandbox, contained, OnSandboxChange) : null;
        _output = new OutputPipe(host.Reactor, ends.Output, log, isErrors: false, Settle);
        _errors = ends.Errors is { } errors ? new OutputPipe(host.Reactor, errors, log, isErrors: true, Settle) : null;
        _exitWatch = new ExitWatch(this);
        StartedAt = host.Time.GetUtcNow();
        _startedTicks = host.Time.GetTimestamp();
        _timeout = command.Timeout is { } timeout ? new LongTimer(host.Time, timeout, () => End(EndCause.Timeout)) : null;
    }

    public int Pid => _process.Pid;

    public DateTimeOffset StartedAt { get; }

    /// <summary>Its output. Belongs to the caller, who disposes it and deletes the file.</summary>
    public SpooledLog Log { get; }

    SpooledLog? IRunningScript.Log => Log;

    /// <summary>
    /// Completes when the main process has exited, everything else that it started is gone, and its output is on disk.
    /// Bounded once the main process is gone.
    /// </summary>
    public Task<ScriptExit> Completion => _completion.Task;

    /// <summary>Ends the script: asks its process group, and kills it after the grace of its command. Answers at once; the first cause counts.</summary>
    public void End(EndCause cause) => _host.Reactor.Post(() => BeginEnd(cause));

    /// <summary>Begins to follow the process.</summary>
    internal Errno Watch()
    {
        var error = _output.Watch();
        error = error is Errno.None && _errors is not null ? _errors.Watch() : error;
        return error is not Errno.None ? error
            : _sandbox is not null ? _sandbox.Watch()
            : _host.Reactor.Add(_process.Descriptor, _exitWatch, out _exitToken);
    }

    /// <summary>Undoes a start that can't be followed.</summary>
    internal void Abandon()
    {
        _timeout?.Dispose();
        ClosePipes();
        if (_sandbox is not null)
        {
            _sandbox.Abandon();
            return;
        }

        ProcessHandle.Abandon(Pid);
        _process.Close();
    }

    internal TimeSpan Grace => _command.Grace;

    private TimeSpan SinceExit => _host.Time.GetElapsedTime(_exitedTicks);

    private TimeSpan SinceStart => _host.Time.GetElapsedTime(_startedTicks);

    private void BeginEnd(EndCause cause)
    {
        TakeExit();
        if (_exit is not null || _cause is not null || _completion.Task.IsCompleted)
        {
            return;
        }

        _cause = cause;
        _killAt = SinceStart + _command.Grace;
        if (_command.Grace > TimeSpan.Zero)
        {
            AskGroup();
        }

        Press();
    }

    /// <summary>Kills when the grace is over; again each second, as new members may have been born meanwhile.</summary>
    private void Press()
    {
        var left = _killAt!.Value - SinceStart;
        if (left <= TimeSpan.Zero)
        {
            SignalGroup(Signals.Kill);
            left = TimeSpan.FromSeconds(1);
        }

        TickIn(left);
    }

    private void OnTick()
    {
        TakeExit();
        if (_exit is not null)
        {
            Settle();
        }
        else if (_cause is not null && !_completion.Task.IsCompleted)
        {
            Press();
        }
    }

    private void TakeExit()
    {
        if (_exit is not null || _completion.Task.IsCompleted)
        {
            return;
        }

        int status;
        ResourceUsage usage = default;
        try
        {
            if (_sandbox is { } sandbox ? !sandbox.TryTakeStatus(out status) : !_process.TryReap(out status, out usage))
            {
                return;
            }
        }
        catch (InvalidOperationException exception)
        {
            _host.Reactor.Remove(_process.Descriptor, _exitToken);
            Finish(exception);
            return;
        }

        _exitedTicks = _host.Time.GetTimestamp();
        _timeout?.Dispose();
        if (_sandbox is null)
        {
            _host.Reactor.Remove(_process.Descriptor, _exitToken);
        }

        var signal = status & 0x7f;
        if (signal == Signals.Kill && _cause is null && _host.Guard?.WasEnded(_command.ExecutionId) is true)
        {
            _cause = EndCause.LeaseExpired;
        }

        ScriptExit exit = _sandbox?.Failure is { } failure ? new ScriptExit.NeverRan(failure)
            : signal == 0 ? new ScriptExit.Exited((status >> 8) & 0xff) : new ScriptExit.Signalled(Signals.NameOf(signal), signal);
        _exit = exit with { FinishedAt = _host.Time.GetUtcNow() };
        (_signal, _usage) = (signal, usage);
        DrainPipes();
        Settle();
    }

    /// <summary>Finishes as soon as nothing is left of the script, and sees to it that nothing is.</summary>
    private void Settle()
    {
        if (_exit is null || _completion.Task.IsCompleted)
        {
            return;
        }

        _groupGone = _groupGone || (_sandbox?.IsEmpty ?? GroupIsGone());
        var strays = _sandbox is null ? _host.Orphans.Of(_command.ExecutionId) : [];
        var quiet = _groupGone && strays.Count == 0;
        if (!quiet)
        {
            quiet = !EndLeftovers(strays);
        }

        if (quiet && _sandbox is not null)
        {
            DrainPipes(); // the sandbox's own processes hold them open, and write nothing
        }

        if (quiet && (PipesAreClosed || _sandbox is not null || PipeIsHopeless()))
        {
            Finish(null);
            return;
        }

        TickIn(TimeSpan.FromMilliseconds(_looks++ < 10 ? 10 : 50));
    }

    private bool GroupIsGone()
    {
        if (!_process.SignalGroup(0))
        {
            return true;
        }

        _process.ReapGroup(); // adopted members that are zombies count as members
        return !_process.SignalGroup(0);
    }

    /// <returns>False when they have to be left to themselves.</returns>
    private bool EndLeftovers(List<int> strays)
    {
        var killAt = _killAt is { } at
            ? at - SinceStart + SinceExit // they have what is left of the grace that the script was given
            : Courtesy + (_command.Grace < LeftoverGrace ? _command.Grace : LeftoverGrace);
        if (SinceExit >= killAt)
        {
            SignalGroup(Signals.Kill);
            strays.ForEach(pid => _host.Orphans.Signal(pid, _command.ExecutionId, Signals.Kill));
            _host.Orphans.Bury();
            if (SinceExit >= killAt + Patience)
            {
                _trouble = "Processes that it left behind could not be ended.";
                return false;
            }
        }
        else if (_cause is not null || SinceExit >= Courtesy)
        {
            if (!_askedGroup)
            {
                AskGroup();
            }

            foreach (var pid in strays.Where((_askedStrays ??= []).Add))
            {
                _host.Orphans.Signal(pid, _command.ExecutionId, Signals.Terminate);
                _host.Orphans.Signal(pid, _command.ExecutionId, Signals.Continue);
            }

            _host.Orphans.Bury();
        }

        return true;
    }

    private void AskGroup()
    {
        SignalGroup(Signals.Terminate);
        SignalGroup(Signals.Continue); // a stopped process hears nothing else
        _askedGroup = true;
    }

    private void SignalGroup(int signal)
    {
        if (_sandbox is null)
        {
            _process.SignalGroup(signal);
        }
        else
        {
            _sandbox.Signal(signal);
        }
    }

    private void OnSandboxChange()
    {
        TakeExit();
        Settle();
    }

    private bool PipesAreClosed => _output.IsClosed && _errors?.IsClosed is not false;

    private void DrainPipes()
    {
        _output.Drain();
        _errors?.Drain();
    }

    private void ClosePipes()
    {
        _output.Close();
        _errors?.Close();
    }

    private bool PipeIsHopeless()
    {
        _giveUpAt ??= SinceExit + Patience;
        return SinceExit >= _giveUpAt;
    }

    private void Finish(Exception? broken)
    {
        _timeout?.Dispose();
        _tick?.Dispose();
        ClosePipes();
        if (_sandbox is not null)
        {
            _sandbox.LetGo();
        }
        else
        {
            _process.Close();
        }

        if (_cause is { } cause)
        {
            Log.AppendMarker(string.Create(CultureInfo.InvariantCulture, $"[dcron: ended after {(SinceStart - SinceExit).TotalSeconds:0.#} s ({Words(cause)})]"));
        }

        Log.Complete();
        _host.Forget(_command.ExecutionId);
        if (broken is not null)
        {
            _completion.TrySetException(broken);
            return;
        }

        var trouble = string.Join(' ', new[] { Log.Trouble, _trouble }.Where(text => text is not null));
        _completion.TrySetResult(WithUse(_exit!) with { Cause = _cause, Trouble = trouble.Length == 0 ? null : trouble });
    }

    private ScriptExit WithUse(ScriptExit exit)
    {
        var containment = _command.Containment;
        var group = containment?.Group?.Use();
        containment?.Group?.Remove();
        var cpuTime = group is { CpuTime.Ticks: > 0 } ? group.Value.CpuTime : _sandbox?.CpuTime ?? _usage.CpuTime;
        return exit with
        {
            CpuTime = cpuTime,
            MaxRssBytes = group is { MemoryPeakBytes: > 0 and var peak } ? peak : _usage.MaxRssKilobytes * 1024,
            LimitReached = containment is null ? null : LimitReached.InWords(_signal, containment, cpuTime, group),
        };
    }

    private void TickIn(TimeSpan delay)
    {
        if (_tick is null)
        {
            _tick = _host.Time.CreateTimer(_ => _host.Reactor.Post(OnTick), null, delay, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _tick.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private static string Words(EndCause cause) => cause switch
    {
        EndCause.Timeout => "timeout",
        EndCause.Cancelled => "cancelled",
        EndCause.Stopping => "the worker is stopping",
        EndCause.LeaseExpired => "the lease of its node ran out",
        _ => throw new UnreachableException($"{cause}"),
    };

    private sealed class ExitWatch(ScriptRun run) : IReadable
    {
        public void OnReadable() => run.TakeExit();
    }
}

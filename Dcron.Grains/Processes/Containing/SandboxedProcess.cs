using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>
/// A sandbox as the node sees it from outside: bubblewrap, below it the first process of the sandbox's own process namespace, and below that the
/// script's main process. Whoever kills the first one kills all. Bubblewrap would do that when the main process ends: it is stopped, so that what the
/// script leaves behind gets its grace. Where the kernel does not tell how somebody else's child has ended, a stopped shell stands between the first process and the
/// main one instead, and keeps its status. For the reactor's thread.
/// </summary>
internal sealed class SandboxedProcess
{
    private readonly ProcessReactor _reactor;
    private readonly WaitingSandbox _sandbox;
    private readonly Containment _containment;
    private readonly ProcFs _proc = new();
    private readonly Action _changed;
    private ulong _outerToken;
    private ulong _hatchToken;
    private ulong _mainToken;
    private ulong _firstToken;
    private int? _status;
    private int _outerStatus;
    private bool _hatchClosed;
    private bool _mainWatched;
    private bool _letGo;

    public SandboxedProcess(ProcessReactor reactor, WaitingSandbox sandbox, Containment containment, Action changed) =>
        (_reactor, _sandbox, _containment, _changed) = (reactor, sandbox, containment, changed);

    private ProcessHandle Outer => _sandbox.Outer;

    private ProcessHandle? First => _sandbox.First;

    private ProcessHandle? Main => _sandbox.Main;

    /// <summary>True once nothing of it is left.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Processor time of the script's main process and of children that it waited for; known with its status.</summary>
    public TimeSpan CpuTime { get; private set; }

    /// <summary>Why the script never began; null when it did.</summary>
    public string? Failure { get; private set; }

    /// <summary>True when only the sandbox's own processes are left.</summary>
    public bool IsEmpty => IsGone || First is null || _proc.ChildrenOf(First.Pid) is not { } children || children.TrueForAll(pid => pid == _sandbox.Holder || pid == Main!.Pid);

    public Errno Watch()
    {
        var error = _reactor.Add(Outer.Descriptor, new Call(OnOuterExit), out _outerToken);
        if (error is Errno.None && _sandbox.HasArrived)
        {
            _reactor.Post(BeginAndOpen);
            return error;
        }

        return error is Errno.None ? _reactor.Add(_sandbox.Hatch.Descriptor, new Call(OnHatch), out _hatchToken) : error;
    }

    /// <summary>Takes the status of the script's main process, as <c>wait</c> encodes it, if it has ended.</summary>
    public bool TryTakeStatus(out int status)
    {
        if (_status is null && Main is not null)
        {
            _status = Main.ToldExit ?? StatusOfZombie(Main.Pid) ?? Main.ToldExit; // its parent may wait for it between the first two
        }

        if (_status is null && IsGone)
        {
            // Somebody ended the sandbox as a whole. Bubblewrap has told what it saw.
            var code = (_outerStatus >> 8) & 0xff;
            _status = (_outerStatus & 0x7f) != 0 ? Signals.Kill : code > 128 && code - 128 <= 64 ? code - 128 : _outerStatus;
            Failure ??= Main is null ? "The sandbox could not be made; the log says why." : null;
        }

        status = _status ?? 0;
        return _status is not null;
    }

    /// <summary>Signals the script's processes that are still in its group; <see cref="Signals.Kill"/> ends all, wherever they are.</summary>
    public void Signal(int signal)
    {
        if (signal == Signals.Kill || First is null)
        {
            End();
        }
        else if (signal != Signals.Continue)
        {
            First.SignalGroup(signal); // the first process hears nothing but a kill, the holder is stopped
        }
        else if (_status is null)
        {
            _ = Libc.PidFdSendSignal(Main!.Descriptor, signal, 0);
        }
    }

    /// <summary>Ends what is left, with the sandbox.</summary>
    public void End()
    {
        if (IsGone)
        {
            return;
        }

        if (Main is { } main && _status is null)
        {
            CpuTime = _proc.CpuTimeOf(main.Pid); // nobody can tell when all of it is gone at once
        }

        if (First is { } first)
        {
            _ = Libc.PidFdSendSignal(first.Descriptor, Signals.Kill, 0);
        }
        else
        {
            Outer.SignalGroup(Signals.Kill); // what has left the group dies with its parent
        }
    }

    /// <summary>Ends what is left, and sees to its exit status by itself: nobody need wait until the sandbox is taken down.</summary>
    public void LetGo()
    {
        CloseHatch();
        StopWatchingMain();
        _letGo = true;
        if (IsGone)
        {
            Close();
            return;
        }

        // Bubblewrap waits for nobody while it is stopped: it goes last, so that the first process is the node's to wait for by then.
        var goesLast = !_sandbox.HasHolder && First is not null && _reactor.Add(First.Descriptor, new Call(OnFirstExit), out _firstToken) is Errno.None;
        End();
        if (!goesLast)
        {
            _ = Libc.PidFdSendSignal(Outer.Descriptor, Signals.Kill, 0);
        }
    }

    /// <summary>Ends what can't be followed.</summary>
    public void Abandon()
    {
        CloseHatch();
        ProcessHandle.Abandon(Outer.Pid);
        _reactor.Remove(Outer.Descriptor, _outerToken);
        Close();
    }

    private void OnHatch()
    {
        switch (_sandbox.Hatch.Knocked())
        {
            case false:
                return;
            case null:
                CloseHatch(); // bubblewrap has failed, and is about to exit
                return;
        }

        BeginAndOpen();
    }

    private void BeginAndOpen()
    {
        if (_hatchClosed)
        {
            return; // it was ended meanwhile
        }

        Failure = Begin();
        if (Failure is null)
        {
            _sandbox.Hatch.Open();
        }
        else
        {
            End();
        }

        CloseHatch();
    }

    private string? Begin()
    {
        var error = _sandbox.HasArrived ? null : _sandbox.Arrive(_proc, _containment.Group);
        if (error is not null)
        {
            return error;
        }

        var watched = _reactor.Add(Main!.Descriptor, new Call(OnMainExit), out _mainToken);
        _mainWatched = watched is Errno.None;
        return _mainWatched ? ProcessLimits.Apply(Main.Pid, _containment) : $"Its process could not be followed: {watched.Text()}.";
    }

    private int? StatusOfZombie(int pid)
    {
        if (_proc.ExitOf(pid) is not { } exit)
        {
            return null;
        }

        CpuTime = exit.CpuTime;
        return exit.Status;
    }

    private void OnMainExit()
    {
        StopWatchingMain();
        _changed();
    }

    private void OnFirstExit()
    {
        _reactor.Remove(First!.Descriptor, _firstToken);
        _ = Libc.PidFdSendSignal(Outer.Descriptor, Signals.Kill, 0);
    }

    private void OnOuterExit()
    {
        if (!Outer.TryReap(out _outerStatus, out _))
        {
            return;
        }

        IsGone = true;
        _reactor.Remove(Outer.Descriptor, _outerToken);
        if (_letGo)
        {
            Close();
        }
        else
        {
            _changed();
        }
    }

    private unsafe void Close()
    {
        if (First is not null)
        {
            int status;
            _ = Libc.Wait4(First.Pid, &status, Libc.WNOHANG, null); // this node's child, now that bubblewrap is gone; or nobody
        }

        Main?.Close();
        First?.Close();
        Outer.Close();
    }

    private void StopWatchingMain()
    {
        if (_mainWatched)
        {
            _mainWatched = false;
            _reactor.Remove(Main!.Descriptor, _mainToken);
        }
    }

    private void CloseHatch()
    {
        if (!_hatchClosed)
        {
            _hatchClosed = true;
            _reactor.Remove(_sandbox.Hatch.Descriptor, _hatchToken);
            _sandbox.Hatch.Close();
        }
    }

    private sealed class Call(Action action) : IReadable
    {
        public void OnReadable() => action();
    }
}

using System.Text;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>One guard that was started, with its two pipes.</summary>
internal sealed unsafe class GuardProcess : IReadable
{
    private readonly ProcessReactor _reactor;
    private readonly GuardLink _link;
    private readonly ProcessHandle _process;
    private int _input;
    private ulong _exitToken;

    private GuardProcess(ProcessReactor reactor, GuardLink link, ProcessHandle process, int input, int output)
    {
        (_reactor, _link, _process, _input) = (reactor, link, process, input);
        Reports = new LineReader(reactor, output, line => _link.OnReport(this, line));
    }

    public int Pid => _process.Pid;

    public bool IsReady { get; set; }

    /// <summary>Executions that it ended, as far as it has told.</summary>
    public HashSet<string> Ended { get; } = new(StringComparer.Ordinal);

    /// <summary>What it says.</summary>
    public LineReader Reports { get; }

    public static Errno Start(GuardCommand command, ProcessReactor reactor, GuardLink link, out GuardProcess? guard)
    {
        guard = null;
        var error = Pipes.Make(out var itsInput, out var input);
        if (error is not Errno.None)
        {
            return error;
        }

        error = Pipes.Make(out var output, out var itsOutput);
        if (error is not Errno.None)
        {
            _ = Libc.Close(itsInput);
            _ = Libc.Close(input);
            return error;
        }

        Pipes.NeverBlock(input);
        Pipes.NeverBlock(output);
        error = Spawner.Spawn(new SpawnRequest(command.Executable, command.Arguments, command.Environment, "/", itsInput, itsOutput), out var pid);
        _ = Libc.Close(itsInput);
        _ = Libc.Close(itsOutput);
        if (error is Errno.None)
        {
            error = Follow(pid, reactor, link, input, output, out guard);
        }

        if (error is not Errno.None)
        {
            _ = Libc.Close(input);
            _ = Libc.Close(output);
        }

        return error;
    }

    /// <returns>Bytes that it has, or will find in its pipe.</returns>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        if (_input < 0)
        {
            return bytes.Length;
        }

        fixed (byte* start = bytes)
        {
            var written = Libc.Write(_input, start, bytes.Length);
            return (int)Math.Max(0, written);
        }
    }

    public void Kill() => _process.SignalGroup(Signals.Kill);

    /// <summary>Lets it end by itself. Like <see cref="Send"/>, under the link's lock only.</summary>
    public void CloseInput()
    {
        if (_input >= 0)
        {
            _ = Libc.Close(_input);
            _input = -1;
        }
    }

    public void OnReadable()
    {
        if (!_process.TryReap(out _, out _))
        {
            return;
        }

        _reactor.Remove(_process.Descriptor, _exitToken);
        Reports.OnReadable();
        Reports.Close();
        _link.OnExit(this);
        _process.Close();
    }

    private static Errno Follow(int pid, ProcessReactor reactor, GuardLink link, int input, int output, out GuardProcess? guard)
    {
        guard = null;
        var descriptor = Libc.PidFdOpen(pid);
        if (descriptor < 0)
        {
            var error = Libc.LastError;
            ProcessHandle.Abandon(pid);
            return error;
        }

        guard = new GuardProcess(reactor, link, new ProcessHandle(pid, descriptor), input, output);
        var watched = guard.Reports.Watch();
        watched = watched is Errno.None ? reactor.Add(descriptor, guard, out guard._exitToken) : watched;
        if (watched is not Errno.None)
        {
            ProcessHandle.Abandon(pid);
            guard._process.Close();
            guard = null;
        }

        return watched;
    }
}

/// <summary>Lines from a pipe that is never waited for. For the reactor's thread.</summary>
internal sealed unsafe class LineReader(ProcessReactor reactor, int descriptor, Action<string> take) : IReadable
{
    private const int MaxLine = 4096;

    private readonly List<byte> _partial = [];
    private ulong _token;
    private bool _closed;

    public Errno Watch() => reactor.Add(descriptor, this, out _token);

    public void OnReadable()
    {
        var buffer = stackalloc byte[1024];
        nint read = 0;
        while (!_closed && (read = Libc.Read(descriptor, buffer, 1024)) > 0)
        {
            foreach (var value in new ReadOnlySpan<byte>(buffer, (int)read))
            {
                if (value != '\n' && _partial.Count < MaxLine)
                {
                    _partial.Add(value);
                    continue;
                }

                take(Encoding.UTF8.GetString([.. _partial]));
                _partial.Clear();
            }
        }

        if (read == 0)
        {
            Close();
        }
    }

    public void Close()
    {
        if (!_closed)
        {
            _closed = true;
            reactor.Remove(descriptor, _token);
            _ = Libc.Close(descriptor);
        }
    }
}

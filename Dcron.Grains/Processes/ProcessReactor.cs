using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Dcron.Grains.Processes.Native;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Processes;

/// <summary>Hears of descriptors that have become readable, on the reactor's thread.</summary>
internal interface IReadable
{
    void OnReadable();
}

/// <summary>
/// One thread that waits for all pipes and all exits of a silo, and does what follows: no thread per script, no signal handler.
/// What runs on it must not block.
/// </summary>
internal sealed unsafe partial class ProcessReactor : IDisposable
{
    private const int MaxEvents = 64;
    private const ulong WakeToken = 0;

    // The kernel packs epoll_event on x86-64 only.
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int EventSize = Packed ? 12 : 16;
    private static readonly int TokenOffset = Packed ? 4 : 8;

    private readonly ConcurrentDictionary<ulong, IReadable> _readables = new();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly ILogger<ProcessReactor> _logger;
    private readonly Thread _thread;
    private readonly int _epoll;
    private readonly int _wake;
    private ulong _lastToken;
    private volatile bool _stopping;

    /// <exception cref="PlatformNotSupportedException">Not Linux with a kernel from 5.3 on.</exception>
    public ProcessReactor(ILogger<ProcessReactor> logger)
    {
        Platform.Check();
        Signals.StopIgnoringChildExits();
        _logger = logger;
        _epoll = Libc.EpollCreate1(Libc.EPOLL_CLOEXEC);
        _wake = Libc.EventFd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (_epoll < 0 || _wake < 0 || Control(Libc.EPOLL_CTL_ADD, _wake, WakeToken) is not Errno.None)
        {
            throw new IOException($"The event queue for subprocesses could not be made: {Libc.LastError.Text()}.");
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "dcron processes" };
        _thread.Start();
    }

    /// <summary>64 KiB that belong to whoever is being called on the reactor's thread.</summary>
    public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(64 * 1024, pinned: true);

    public bool IsReactorThread => Thread.CurrentThread == _thread;

    /// <summary>Calls the readable whenever the descriptor can be read or is at its end, until it is removed.</summary>
    /// <returns>A token for <see cref="Remove"/>, or why it can't be watched.</returns>
    public Errno Add(int fd, IReadable readable, out ulong token)
    {
        token = Interlocked.Increment(ref _lastToken);
        _readables[token] = readable; // before the kernel knows: its first event may come at once
        var error = Control(Libc.EPOLL_CTL_ADD, fd, token);
        if (error is not Errno.None)
        {
            _readables.TryRemove(token, out _);
        }

        return error;
    }

    public void Remove(int fd, ulong token)
    {
        _readables.TryRemove(token, out _);
        _ = Control(Libc.EPOLL_CTL_DEL, fd, token);
    }

    /// <summary>Runs the action on the reactor's thread, soon.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        Wake();
    }

    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        Wake();
        if (!IsReactorThread)
        {
            _thread.Join();
        }

        _ = Libc.Close(_epoll);
        _ = Libc.Close(_wake);
    }

    private void Wake()
    {
        ulong one = 1;
        _ = Libc.Write(_wake, (byte*)&one, sizeof(ulong));
    }

    private Errno Control(int operation, int fd, ulong token)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = Libc.EPOLLIN;
        *(ulong*)(entry + TokenOffset) = token;
        return Libc.EpollCtl(_epoll, operation, fd, entry) == 0 ? Errno.None : Libc.LastError;
    }

    private void Run()
    {
        var events = stackalloc byte[MaxEvents * EventSize];
        while (!_stopping)
        {
            var count = Libc.EpollWait(_epoll, events, MaxEvents, -1);
            if (count < 0 && Libc.LastError is not Errno.EINTR)
            {
                var reason = Libc.LastError.Text();
                LogBroken(_logger, reason);
                return;
            }

            for (var i = 0; i < count; i++)
            {
                var token = *(ulong*)(events + (i * EventSize) + TokenOffset);
                if (token == WakeToken)
                {
                    ulong ignored;
                    _ = Libc.Read(_wake, (byte*)&ignored, sizeof(ulong));
                }
                else if (_readables.TryGetValue(token, out var readable))
                {
                    // One that failed must not take the others' thread with it.
                    try
                    {
                        readable.OnReadable();
                    }
                    catch (Exception exception)
                    {
                        LogFailed(_logger, exception);
                    }
                }
            }

            RunPosted();
        }
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out var action))
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                LogFailed(_logger, exception);
            }
        }
    }
}

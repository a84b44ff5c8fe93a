namespace Dcron.Grains.Processes.Native;

/// <summary>
/// A child process that leads a group of its own, by a descriptor that names it for good: its id may be used again once it was
/// waited for, the descriptor never means another process.
/// </summary>
internal sealed unsafe class ProcessHandle(int pid, int descriptor)
{
    // Kernels from 6.9 on signal a group through the descriptor, which is exact also after its leader was waited for.
    private static readonly bool SignalsGroups = CanSignalGroups();

    private readonly int _descriptor = descriptor;

    public int Pid { get; } = pid;

    /// <summary>Readable once the process has ended.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Whether the kernel tells how a process has ended to whoever has its descriptor, also when its parent has waited for it: from 6.15 on.</summary>
    public static bool TellsExits { get; } = CanTellExits();

    /// <summary>True once the process has ended.</summary>
    public bool HasEnded
    {
        get
        {
            var descriptor = new PollFd { Fd = _descriptor, Events = Libc.POLLIN };
            return Libc.Poll(&descriptor, 1, 0) == 1;
        }
    }

    /// <summary>How it has ended, as <c>wait</c> encodes it, if its parent has waited for it; null otherwise, and where <see cref="TellsExits"/> is false.</summary>
    public int? ToldExit => AskExit(_descriptor, out var status) is ExitTold ? status : null;

    /// <returns>False when the group has no member.</returns>
    public bool SignalGroup(int signal)
    {
        var result = SignalsGroups
            ? Libc.PidFdSendSignal(_descriptor, signal, Libc.PIDFD_SIGNAL_PROCESS_GROUP)
            : Libc.Kill(-Pid, signal);
        return result == 0 || Libc.LastError is not Errno.ESRCH; // EPERM: there is one, of another user
    }

    /// <summary>Takes the exit status of the process if it has ended.</summary>
    /// <param name="status">As <c>wait</c> encodes it.</param>
    /// <param name="usage">What it used.</param>
    /// <exception cref="InvalidOperationException">Somebody else took it.</exception>
    public bool TryReap(out int status, out ResourceUsage usage)
    {
        int taken;
        int result;
        fixed (ResourceUsage* into = &usage)
        {
            // Whoever buries unknown zombies must see this one either among the known children or not at all.
            Spawner.Starting.EnterReadLock();
            try
            {
                do
                {
                    result = Libc.Wait4(Pid, &taken, Libc.WNOHANG, into);
                }
                while (result < 0 && Libc.LastError is Errno.EINTR);

                if (result == Pid)
                {
                    Spawner.Children.TryRemove(Pid, out _);
                }
            }
            finally
            {
                Spawner.Starting.ExitReadLock();
            }
        }

        status = taken;
        return result >= 0 ? result == Pid : throw new InvalidOperationException($"Somebody else took the exit status of process {Pid}.");
    }

    /// <summary>Takes the exit statuses of adopted members of the group.</summary>
    public void ReapGroup()
    {
        int status;
        while (Libc.Wait4(-Pid, &status, Libc.WNOHANG, null) > 0)
        {
        }
    }

    public void Close() => _ = Libc.Close(_descriptor);

    /// <summary>Ends a process that nobody can follow: kill and wait, bounded by what a kill takes.</summary>
    public static void Abandon(int pid)
    {
        int status;
        _ = Libc.Kill(-pid, Signals.Kill);
        while (Libc.Wait4(pid, &status, 0, null) < 0 && Libc.LastError is Errno.EINTR)
        {
        }

        Spawner.Children.TryRemove(pid, out _);
    }

    // struct pidfd_info: what is asked for and was told, then thirteen fields, the exit status last.
    private const nuint GetInfo = 0xC040_FF0B;
    private const ulong ExitTold = 8;

    private static ulong AskExit(int descriptor, out int status)
    {
        const int exitCode = 60;
        var info = stackalloc byte[64];
        new Span<byte>(info, 64).Clear();
        *(ulong*)info = ExitTold;
        var told = Libc.IoCtl(descriptor, GetInfo, info) == 0 ? *(ulong*)info & ExitTold : 0;
        status = *(int*)(info + exitCode);
        return told;
    }

    // Tried on a process of one's own: there is no other way to know.
    private static bool CanTellExits()
    {
        if (Spawner.Spawn(new SpawnRequest("/bin/sh", ["-c", "exit 7"], new Dictionary<string, string>(), "/", null, Spawner.Nowhere), out var pid) is not Errno.None)
        {
            return false;
        }

        var descriptor = Libc.PidFdOpen(pid);
        Abandon(pid);
        var tells = descriptor >= 0 && AskExit(descriptor, out _) == ExitTold;
        _ = Libc.Close(descriptor);
        return tells;
    }

    private static bool CanSignalGroups()
    {
        var self = Libc.PidFdOpen(Environment.ProcessId);
        var can = Libc.PidFdSendSignal(self, 0, Libc.PIDFD_SIGNAL_PROCESS_GROUP) == 0 || Libc.LastError is not Errno.EINVAL;
        _ = Libc.Close(self);
        return can;
    }
}

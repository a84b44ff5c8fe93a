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

    private static bool CanSignalGroups()
    {
        var self = Libc.PidFdOpen(Environment.ProcessId);
        var can = Libc.PidFdSendSignal(self, 0, Libc.PIDFD_SIGNAL_PROCESS_GROUP) == 0 || Libc.LastError is not Errno.EINVAL;
        _ = Libc.Close(self);
        return can;
    }
}

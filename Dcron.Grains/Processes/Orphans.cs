using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>
/// Finds what scripts leave behind after leaving their process group. The silo becomes the reaper of its descendants, so whatever loses its parent
/// becomes its child and shows in one small file of <c>/proc</c>; where the kernel lacks that file, every process' environment is looked at.
/// For the reactor's thread only.
/// </summary>
internal sealed unsafe class Orphans
{
    private readonly ProcFs _proc = new();
    private readonly int _ownSession;

    public Orphans()
    {
        _ = Libc.Prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        _ownSession = _proc.Stat(Environment.ProcessId)?.Session ?? 0;
    }

    /// <summary>Live processes that bear an execution's id in their environment and are not scripts' main processes.</summary>
    public List<int> Of(string executionId)
    {
        List<int> found = [];
        foreach (var pid in _proc.ChildrenOfMainThread() ?? ProcFs.AllPids())
        {
            if (!Spawner.Children.ContainsKey(pid) && _proc.ExecutionOf(pid) == executionId)
            {
                found.Add(pid);
            }
        }

        return found;
    }

    /// <summary>Ends the zombies among adopted processes; otherwise they would stay, as there is no other parent to wait for them.</summary>
    /// <remarks>
    /// A zombie has no environment any more. It is known by what it is not: neither a child started here, nor one of .NET's own
    /// Process class, which stay in the silo's session.
    /// </remarks>
    public void Bury()
    {
        if (_proc.ChildrenOfMainThread() is not { } children || children.TrueForAll(Spawner.Children.ContainsKey))
        {
            return;
        }

        Spawner.Starting.EnterWriteLock();
        try
        {
            foreach (var pid in children)
            {
                if (!Spawner.Children.ContainsKey(pid) && _proc.Stat(pid) is { IsZombie: true } stat && stat.Session != _ownSession)
                {
                    int status;
                    _ = Libc.Wait4(pid, &status, Libc.WNOHANG, null);
                }
            }
        }
        finally
        {
            Spawner.Starting.ExitWriteLock();
        }
    }

    /// <summary>Sends a signal to a process, if it still is what it was taken for.</summary>
    public void Signal(int pid, string executionId, int signal)
    {
        var pidFd = Libc.PidFdOpen(pid);
        if (pidFd < 0)
        {
            return;
        }

        if (_proc.ExecutionOf(pid) == executionId)
        {
            _ = Libc.PidFdSendSignal(pidFd, signal, 0);
        }

        _ = Libc.Close(pidFd);
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>
/// Users that scripts run as, by number: nobody in <c>passwd</c>, each held by one node of this machine through a lock, so that no two scripts
/// that run at once are the same user to the kernel. For a node that is root.
/// </summary>
internal sealed class UserPool
{
    /// <summary>Where the nodes of this machine lock their users; of another folder's locks they would not know, and end each other's scripts.</summary>
    public const string Locks = "/run/dcron/users";

    /// <summary>In the part of the numbers that nothing else hands out: above containers', below the sign bit.</summary>
    private const uint First = 1_879_100_000;

    private const uint Count = 10_000;

    private readonly ConcurrentBag<ScriptUser> _free = [];
    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly uint _first;
    private uint _next;

    /// <param name="folder">Where the locks are; of this machine, and root's alone.</param>
    /// <param name="map">As <c>/proc/self/uid_map</c> has it.</param>
    public UserPool(string folder, string map)
    {
        (_folder, _first) = (folder, FirstIn(map));
        Directory.CreateDirectory(folder);
        _ = Libc.Chmod(folder, 0x1c0);
    }

    public ScriptUser Take()
    {
        if (_free.TryTake(out var user))
        {
            return user;
        }

        lock (_lock)
        {
            while (_next < Count)
            {
                var id = _first + _next++;
                if (TryLock(id))
                {
                    UserProcesses.KillAll(id); // of a node that was killed
                    return new ScriptUser(id, id);
                }
            }
        }

        throw new IOException($"All {Count} users for scripts are taken.");
    }

    public void Return(ScriptUser user) => _free.Add(user);

    /// <summary>The beginning of a range that this user namespace has: in a container that maps few, the end of what there is.</summary>
    public static uint FirstIn(string map)
    {
        var ranges = map.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => uint.Parse(number, CultureInfo.InvariantCulture)).ToArray())
            .Where(range => range is [_, _, >= 2 * Count])
            .ToList();
        return ranges.Exists(range => range[0] <= First && (ulong)range[0] + range[2] >= First + Count) ? First
            : ranges.Count > 0 ? ranges[^1][0] + ranges[^1][2] - (2 * Count)
            : throw new IOException("This user namespace has too few users for one a script.");
    }

    // The descriptor stays open, and the lock with it, as long as the process lives.
    private bool TryLock(uint id)
    {
        var fd = Libc.Open(Path.Combine(_folder, id.ToString(CultureInfo.InvariantCulture)), Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, 0x180);
        if (fd < 0)
        {
            throw new IOException($"The lock of user {id} in {_folder} could not be opened: {Libc.LastError.Text()}.");
        }

        if (Libc.Flock(fd, Libc.LOCK_EX | Libc.LOCK_NB) == 0)
        {
            return true;
        }

        _ = Libc.Close(fd);
        return false;
    }
}

/// <summary>All processes of one user, who is nobody else: what cleared its environment, left its session and lost its parent is still known by that.</summary>
internal static class UserProcesses
{
    private const int Rounds = 100;

    public static void KillAll(uint user)
    {
        for (var round = 0; round < Rounds && KillOnce(user); round++)
        {
            Pause(milliseconds: 2);
        }
    }

    private static bool KillOnce(uint user)
    {
        var found = false;
        foreach (var pid in ProcFs.AllPids().Where(pid => IsOf(pid, user)))
        {
            var descriptor = Libc.PidFdOpen(pid);
            if (descriptor >= 0 && IsOf(pid, user))
            {
                found |= Libc.PidFdSendSignal(descriptor, Signals.Kill, 0) == 0;
            }

            if (descriptor >= 0)
            {
                _ = Libc.Close(descriptor);
            }
        }

        return found;
    }

    private static bool IsOf(int pid, uint user)
    {
        try
        {
            var lines = File.ReadAllLines($"/proc/{pid}/status");
            return !lines.Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal))
                && lines.FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))?.Split('\t')[1] == user.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // gone meanwhile
        }
    }

    private static unsafe void Pause(int milliseconds) => _ = Libc.Poll(null, 0, milliseconds);
}

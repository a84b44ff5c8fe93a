using System.Globalization;
using System.Runtime.InteropServices;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>Makes control groups for scripts below the one that this node runs in, where the system lets it.</summary>
internal sealed partial class ControlGroups
{
    private const string Beginning = "dcron-";
    private const string NodesOwn = Beginning + "node";

    // How often processes may be born in a group while it is being emptied.
    private const int Attempts = 20;

    // Tests have several nodes in one process.
    private static int _nodes;

    private readonly int _node = Interlocked.Increment(ref _nodes);
    private readonly GroupFiles _files;
    private readonly string _memory;
    private readonly string _pids;
    private readonly string _cpu;

    public ControlGroups(GroupFiles files, string memory, string pids, string cpu)
    {
        (_files, _memory, _pids, _cpu) = (files, memory, pids, cpu);
        Sweep();
    }

    /// <param name="reason">Why the node may not make any, as a clause with the way out; null where it may.</param>
    /// <returns>Null where the node may not make any.</returns>
    public static ControlGroups? Find(out string? reason)
    {
        try
        {
            var mounts = File.ReadAllLines("/proc/self/mountinfo").Select(GroupMount.Parse).OfType<GroupMount>().ToList();
            var own = File.ReadAllLines("/proc/self/cgroup").Select(line => line.Split(':', 3)).ToList();
            var groups = FindUnified(mounts, own, out reason) ?? FindLegacy(mounts, own);
            if (groups is null)
            {
                reason ??= "the controllers of memory and processes are neither both in version 2 nor, with cpuacct, in version 1: boot with systemd.unified_cgroup_hierarchy=1, or mount them so";
                return null;
            }

            groups.Make("probe").Remove();
            reason = null;
            return groups;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reason = $"they can't be made ({exception.Message.TrimEnd('.')}): give the node a group of its own, as systemd does with Delegate=memory pids";
            return null;
        }
    }

    /// <summary>Which group of version 2 a node divides: its own; but the one above where a node has moved into a group of its own before, and this one or what began it was there.</summary>
    public static string Divided(string own) => Path.GetFileName(own) == NodesOwn ? Path.GetDirectoryName(own)! : own;

    /// <param name="name">Of no other script of this node.</param>
    /// <exception cref="IOException">The system does not let it.</exception>
    public ControlGroup Make(string name)
    {
        var child = string.Create(CultureInfo.InvariantCulture, $"{Beginning}{Environment.ProcessId}-{_node}-{name}");
        var (memory, pids, cpu) = (Path.Combine(_memory, child), Path.Combine(_pids, child), Path.Combine(_cpu, child));
        foreach (var folder in new[] { memory, pids, cpu }.Distinct())
        {
            if (Libc.MkDir(folder, 0x1ed) != 0 && Libc.LastError is not Errno.EEXIST)
            {
                throw new IOException($"The control group {folder} could not be made: {Libc.LastError.Text()}.");
            }
        }

        if (_files == GroupFiles.Unified)
        {
            // A script whose user is the node's may see its own group, in namespaces that it makes itself. Groups that it made there would keep this one from being removed.
            _ = GroupFiles.TryWrite(memory, "cgroup.max.descendants", 0);
        }

        return new ControlGroup(_files, memory, pids, cpu);
    }

    // Only groups that are the node's to divide: systemd says so by an attribute; a container's root is its own, and so is that of a machine without systemd.
    private static ControlGroups? FindUnified(List<GroupMount> mounts, List<string[]> own, out string? reason)
    {
        reason = null;
        if (mounts.Find(mount => mount.IsUnified) is not { } mount || own.Find(line => line[0] == "0") is not [_, _, var path])
        {
            return null;
        }

        var group = Divided(path);
        if (mount.FolderOf(group) is not { } folder || File.ReadAllText(Path.Combine(folder, "cgroup.controllers")).Split((char[])[' ', '\n']) is not { } has
            || !has.Contains("memory") || !has.Contains("pids"))
        {
            return null;
        }

        if (group != "/" && !IsDelegated(folder))
        {
            reason = $"the node's group {group} is not its own to divide: with systemd, set Delegate=memory pids";
            return null;
        }

        Divide(folder);
        return new ControlGroups(GroupFiles.Unified, folder, folder, folder);
    }

    // Version 2 gives the groups in a group nothing to limit while there are processes beside them: these move into one of their own, the node and what
    // began it. Not so in the kernel's own root, where its threads are, which nobody can move.
    private static void Divide(string folder)
    {
        var isKernelsRoot = !File.Exists(Path.Combine(folder, "cgroup.type"));
        var node = Path.Combine(folder, NodesOwn);
        for (var attempt = 1; ; attempt++)
        {
            var left = isKernelsRoot ? [] : GroupFiles.Members(folder);
            if (left.Count > 0)
            {
                Directory.CreateDirectory(node);
                foreach (var pid in left)
                {
                    _ = GroupFiles.TryWrite(node, "cgroup.procs", pid); // it may have ended; if it may not be moved, the next line says so
                }
            }

            var error = GroupFiles.TryWrite(folder, "cgroup.subtree_control", "+memory +pids");
            if (error is Errno.None)
            {
                return;
            }

            if (error is not Errno.EBUSY || attempt == Attempts)
            {
                throw new IOException($"{Path.Combine(folder, "cgroup.subtree_control")} could not be written: {error.Text()}.");
            }
        }
    }

    private static ControlGroups? FindLegacy(List<GroupMount> mounts, List<string[]> own)
    {
        string? FolderOf(string controller) =>
            mounts.Find(mount => mount.Controllers.Contains(controller)) is { } mount && own.Find(line => line[1].Split(',').Contains(controller)) is [_, _, var path]
                ? mount.FolderOf(path)
                : null;

        return FolderOf("memory") is { } memory && FolderOf("pids") is { } pids && FolderOf("cpuacct") is { } cpu
            ? new ControlGroups(GroupFiles.Legacy, memory, pids, cpu)
            : null;
    }

    private static bool IsDelegated(string folder) => GetXAttr(folder, "trusted.delegate") || GetXAttr(folder, "user.delegate");

    private static unsafe bool GetXAttr(string path, string name)
    {
        var value = stackalloc byte[8];
        return GetXAttr(path, name, value, 8) > 0 && value[0] == (byte)'1';
    }

    // What nodes left behind that were killed.
    private void Sweep()
    {
        foreach (var folder in new[] { _memory, _pids, _cpu }.Distinct())
        {
            foreach (var leftover in Directory.EnumerateDirectories(folder, Beginning + "*"))
            {
                var pid = Path.GetFileName(leftover).Split('-')[1];
                if (pid.All(char.IsAsciiDigit) && !Directory.Exists("/proc/" + pid))
                {
                    _ = Libc.RmDir(leftover);
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint GetXAttr(string path, string name, byte* value, nint size);
}

/// <summary>A line of <c>mountinfo</c> that mounts control groups.</summary>
internal sealed record GroupMount(string Root, string Folder, bool IsUnified, IReadOnlyList<string> Controllers)
{
    public static GroupMount? Parse(string line)
    {
        var halves = line.Split(" - ");
        var (first, second) = (halves[0].Split(' '), halves[^1].Split(' '));
        return second[0] is "cgroup" or "cgroup2"
            ? new GroupMount(first[3], first[4], second[0] == "cgroup2", second[0] == "cgroup" ? second[2].Split(',') : [])
            : null;
    }

    /// <summary>Where a group lies in this mount; null when it is out of its sight.</summary>
    public string? FolderOf(string group)
    {
        var inside = Root == "/" ? group : group == Root ? "/" : group.StartsWith(Root + "/", StringComparison.Ordinal) ? group[Root.Length..] : null;
        return inside is null ? null : Path.TrimEndingDirectorySeparator(Folder + inside);
    }
}

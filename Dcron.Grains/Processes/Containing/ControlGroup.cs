using System.Globalization;
using System.Text;
using Dcron.Grains.Containing;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>What a control group counted.</summary>
/// <param name="MemoryKills">How many processes the kernel has ended because the group was out of memory.</param>
/// <param name="RefusedProcesses">How often it has refused another process.</param>
internal readonly record struct GroupUse(TimeSpan CpuTime, long MemoryPeakBytes, long MemoryKills, long RefusedProcesses);

/// <summary>A control group for one script: one folder for each controller, or one for all (version 2).</summary>
internal sealed class ControlGroup(GroupFiles files, string memory, string pids, string cpu)
{
    private const int Attempts = 50;

    private readonly string[] _folders = [.. new[] { memory, pids, cpu }.Distinct()];

    /// <summary>True once it is removed: nothing that was in it runs any more. Nothing gets out of one by itself, unless it is the node's user and sees the groups.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Limits all that will be in it. Call it before anything is.</summary>
    /// <exception cref="IOException">The system does not let it.</exception>
    public void Limit(ScriptLimits limits)
    {
        if (limits.MemoryBytes is { } bytes)
        {
            foreach (var (file, value) in files.MemoryLimits.Where((limit, place) => place == 0 || File.Exists(Path.Combine(memory, limit.File))))
            {
                GroupFiles.Write(memory, file, value ?? bytes);
            }
        }

        if (limits.Processes is { } processes)
        {
            GroupFiles.Write(pids, "pids.max", processes);
        }
    }

    /// <summary>Puts a process into it, and so all that it starts.</summary>
    /// <returns>A sentence about why not; null when it is in.</returns>
    public string? Add(int pid)
    {
        try
        {
            foreach (var folder in _folders)
            {
                GroupFiles.Write(folder, "cgroup.procs", pid);
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"Its control group could not be joined: {exception.Message}";
        }
    }

    public GroupUse Use() => new(
        TimeSpan.FromMicroseconds(GroupFiles.Number(cpu, files.CpuFile, files.CpuKey) / files.CpuPerMicrosecond),
        GroupFiles.Number(memory, files.PeakFile, null),
        GroupFiles.Number(memory, files.MemoryEventsFile, "oom_kill"),
        GroupFiles.Number(pids, "pids.events", "max"));

    /// <summary>Ends what is in it, wherever it hid, and removes it. Bounded: what can't be killed stays.</summary>
    public void Remove()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (_folders.All(folder => Libc.RmDir(folder) == 0 || Libc.LastError is Errno.ENOENT))
            {
                IsGone = true;
                return;
            }

            // All at once, so that nobody forks his way out between being listed and being killed: version 2, from Linux 5.14.
            if (GroupFiles.TryWrite(pids, "cgroup.kill", 1) is not Errno.None)
            {
                foreach (var pid in GroupFiles.Members(pids))
                {
                    _ = Libc.Kill(pid, Signals.Kill);
                }
            }

            Pause(milliseconds: 2);
        }
    }

    private static unsafe void Pause(int milliseconds) => _ = Libc.Poll(null, 0, milliseconds);
}

/// <summary>How the two versions of control groups name things.</summary>
/// <param name="CpuKey">Its line in the file; null where the file is the number.</param>
/// <param name="CpuPerMicrosecond">Units of processor time in a microsecond.</param>
/// <param name="MemoryLimits">Files and what each gets: the limit itself where null.</param>
internal sealed record GroupFiles(
    IReadOnlyList<(string File, long? Value)> MemoryLimits, string PeakFile, string MemoryEventsFile, string CpuFile, string? CpuKey, double CpuPerMicrosecond)
{
    public static readonly GroupFiles Unified = new(
        [("memory.max", null), ("memory.swap.max", 0), ("memory.oom.group", 1)], "memory.peak", "memory.events", "cpu.stat", "usage_usec", 1);

    public static readonly GroupFiles Legacy = new(
        [("memory.limit_in_bytes", null), ("memory.memsw.limit_in_bytes", null)], "memory.max_usage_in_bytes", "memory.oom_control", "cpuacct.usage", null, 1000);

    /// <exception cref="IOException">The system does not let it.</exception>
    public static void Write(string folder, string file, long value)
    {
        if (TryWrite(folder, file, value) is not Errno.None and var error)
        {
            throw new IOException($"{Path.Combine(folder, file)} could not be written: {error.Text()}.");
        }
    }

    public static Errno TryWrite(string folder, string file, long value) => TryWrite(folder, file, value.ToString(CultureInfo.InvariantCulture));

    public static unsafe Errno TryWrite(string folder, string file, string value)
    {
        var text = Encoding.ASCII.GetBytes(value);
        var fd = Libc.Open(Path.Combine(folder, file), Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC | Libc.O_CLOEXEC, 0x1a4);
        if (fd < 0)
        {
            return Libc.LastError;
        }

        fixed (byte* start = text)
        {
            var error = Libc.Write(fd, start, text.Length) == text.Length ? Errno.None : Libc.LastError;
            _ = Libc.Close(fd);
            return error;
        }
    }

    /// <returns>0 where the kernel does not tell.</returns>
    public static unsafe long Number(string folder, string file, string? key)
    {
        const int room = 4096;
        var buffer = stackalloc byte[room];
        var fd = Libc.Open(Path.Combine(folder, file), Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return 0;
        }

        var length = (int)Math.Max(0, Libc.Read(fd, buffer, room));
        _ = Libc.Close(fd);
        var text = Encoding.ASCII.GetString(buffer, length);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (key is null || (line.StartsWith(key) && line.Length > key.Length && line[key.Length] == ' '))
            {
                return long.TryParse(key is null ? line : line[(key.Length + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            }
        }

        return 0;
    }

    public static IReadOnlyList<int> Members(string folder)
    {
        try
        {
            return [.. File.ReadAllLines(Path.Combine(folder, "cgroup.procs")).Select(line => int.Parse(line, NumberStyles.None, CultureInfo.InvariantCulture)).Where(pid => pid > 0)]; // 0 is one of another process namespace
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

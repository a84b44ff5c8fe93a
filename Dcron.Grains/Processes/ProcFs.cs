using System.Diagnostics;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>One process as <c>/proc</c> shows it.</summary>
/// <param name="StartTime">Clock ticks since boot; with the id it names a process for good, since ids are used again.</param>
internal readonly record struct ProcessStat(int Pid, char State, int Parent, int Group, int Session, long StartTime)
{
    public bool IsZombie => State is 'Z' or 'X';
}

/// <summary>Reads <c>/proc</c>. Not for several threads at once: it reuses its buffer.</summary>
internal sealed unsafe class ProcFs
{
    private static readonly byte[] Variable = Encoding.ASCII.GetBytes(ScriptCommand.ExecutionVariable + "=");

    private byte[] _buffer = new byte[16 * 1024];

    public static IEnumerable<int> AllPids() =>
        Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(path.AsSpan("/proc/".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0);

    /// <summary>Children of this process whose own parents are gone, or that its main thread started; null when the kernel doesn't tell.</summary>
    public List<int>? ChildrenOfMainThread() => ChildrenOf(Environment.ProcessId);

    /// <summary>Children of a process' main thread; null when there is no such process, or the kernel doesn't tell.</summary>
    public List<int>? ChildrenOf(int pid)
    {
        if (Read($"/proc/{pid}/task/{pid}/children") is not { } length)
        {
            return null;
        }

        List<int> pids = [];
        var rest = _buffer.AsSpan(0, length);
        while (Utf8Parser.TryParse(rest, out int child, out var used))
        {
            pids.Add(child);
            rest = rest[Math.Min(rest.Length, used + 1)..];
        }

        return pids;
    }

    /// <returns>Null when there is no such process.</returns>
    public ProcessStat? Stat(int pid) => FieldsOf(pid) is { } fields
        ? new ProcessStat(pid, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture))
        : null;

    /// <summary>How a process has ended whose parent has not taken its status: that status, as <c>wait</c> encodes it, and its processor time; null otherwise.</summary>
    public (int Status, TimeSpan CpuTime)? ExitOf(int pid)
    {
        const int state = 0, exitCode = 49;
        return FieldsOf(pid) is { } fields && fields[state][0] == 'Z' ? (Number(fields[exitCode]), Longer(CpuTimeIn(fields), ScheduledTimeOf(pid))) : null;
    }

    /// <summary>Processor time of a process so far; none when there is no such process.</summary>
    public TimeSpan CpuTimeOf(int pid) => FieldsOf(pid) is { } fields ? Longer(CpuTimeIn(fields), ScheduledTimeOf(pid)) : TimeSpan.Zero;

    /// <summary>The execution that a process belongs to by its environment; null when there is none, or it may not be read.</summary>
    public string? ExecutionOf(int pid)
    {
        if (Read($"/proc/{pid}/environ") is not { } length)
        {
            return null;
        }

        var text = _buffer.AsSpan(0, length);
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)0);
            var entry = end < 0 ? text : text[..end];
            if (entry.StartsWith(Variable))
            {
                return Encoding.UTF8.GetString(entry[Variable.Length..]);
            }

            text = end < 0 ? [] : text[(end + 1)..];
        }

        return null;
    }

    // Its own and that of children that it waited for, each as user and as system, in hundredths of a second.
    private static TimeSpan CpuTimeIn(string[] fields)
    {
        const int firstTime = 11;
        return TimeSpan.FromMilliseconds(10 * fields.Skip(firstTime).Take(4).Sum(field => long.Parse(field, CultureInfo.InvariantCulture)));
    }

    // Of its main thread alone, but to the nanosecond: what is short would be nothing in hundredths.
    private TimeSpan ScheduledTimeOf(int pid) =>
        Read($"/proc/{pid}/schedstat") is { } length && Utf8Parser.TryParse(_buffer.AsSpan(0, length), out long nanoseconds, out _) ? TimeSpan.FromMicroseconds(nanoseconds / 1000) : TimeSpan.Zero;

    /// <summary>What follows the name in <c>stat</c>.</summary>
    private string[]? FieldsOf(int pid)
    {
        if (Read($"/proc/{pid}/stat") is not { } length)
        {
            return null;
        }

        // The name in parentheses may hold anything, also parentheses and spaces.
        var text = _buffer.AsSpan(0, length);
        return Encoding.ASCII.GetString(text[(text.LastIndexOf((byte)')') + 2)..]).Split(' ');
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private int? Read(string path)
    {
        var fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return null;
        }

        try
        {
            var length = 0;
            while (true)
            {
                if (length == _buffer.Length)
                {
                    Array.Resize(ref _buffer, _buffer.Length * 2);
                }

                nint read;
                fixed (byte* start = _buffer)
                {
                    read = Libc.Read(fd, start + length, _buffer.Length - length);
                }

                if (read < 0)
                {
                    return Libc.LastError is Errno.EINTR ? throw new UnreachableException("reads of /proc are not interrupted") : null;
                }

                if (read == 0)
                {
                    return length;
                }

                length += (int)read;
            }
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }
}

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
    public List<int>? ChildrenOfMainThread()
    {
        var self = Environment.ProcessId;
        if (Read($"/proc/{self}/task/{self}/children") is not { } length)
        {
            return null;
        }

        List<int> pids = [];
        var rest = _buffer.AsSpan(0, length);
        while (Utf8Parser.TryParse(rest, out int pid, out var used))
        {
            pids.Add(pid);
            rest = rest[Math.Min(rest.Length, used + 1)..];
        }

        return pids;
    }

    /// <returns>Null when there is no such process.</returns>
    public ProcessStat? Stat(int pid)
    {
        if (Read($"/proc/{pid}/stat") is not { } length)
        {
            return null;
        }

        // The name in parentheses may hold anything, also parentheses and spaces.
        var text = _buffer.AsSpan(0, length);
        var fields = Encoding.ASCII.GetString(text[(text.LastIndexOf((byte)')') + 2)..]).Split(' ');
        return new ProcessStat(pid, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]),
            long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

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

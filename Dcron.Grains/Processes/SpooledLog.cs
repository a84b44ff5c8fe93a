using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Dcron.Grains.Executions;
using Dcron.Grains.Processes.Native;
using Dcron.Grains.Secrets;
using Microsoft.Win32.SafeHandles;

namespace Dcron.Grains.Processes;

/// <summary>
/// The output of one script: standard output and standard error as they came, on disk, never in memory. One writer, any number of
/// readers who may follow it while it grows. Dispose it when nobody needs it any more; the file stays.
/// </summary>
/// <remarks>
/// Unless a job wants it otherwise, both streams come through one pipe, so that their order is exact; what is lost is which line came from which. What comes by a
/// pipe of standard error's own is marked here: red in a terminal, line by line, so that each line is right by itself.
/// Nothing is synced to disk here: a spool outlives the death of the node but not that of the machine, whose scripts are lost anyway, and the
/// object store syncs its own copy before a result is published.
/// </remarks>
internal sealed partial class SpooledLog : IDisposable
{
    private const int MaxChunk = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly SafeFileHandle _file;
    private readonly TimeProvider _time;
    private readonly long _limit;
    private readonly LogRedactor? _redactor;
    private readonly LogRedactor.Sink _keep;
    private readonly SecretMatcher? _secrets;
    private readonly List<string> _heldBack = [];
    private TaskCompletionSource? _changed;
    private long _length;
    private long _discarded;
    private byte _lastByte = (byte)'\n';
    private bool _ended;

    private SpooledLog(string path, SafeFileHandle file, long limit, TimeProvider time, SecretMatcher? secrets) =>
        (Path, _file, _limit, _time, _secrets, _redactor, _keep) = (path, file, limit, time, secrets, secrets is null ? null : new LogRedactor(secrets), KeepOutput);

    public string Path { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length => Interlocked.Read(ref _length);

    /// <summary>Bytes of output that were not kept.</summary>
    public long Discarded => Interlocked.Read(ref _discarded);

    /// <summary>A sentence when the output could not be kept as it should; null when all went well.</summary>
    public string? Trouble { get; private set; }

    /// <param name="path">A file that is there is replaced.</param>
    /// <param name="limit">Bytes of output to keep.</param>
    /// <param name="time">For waiting readers.</param>
    /// <param name="log">The log, when nothing stood in the way.</param>
    /// <param name="secrets">What must not stand in it; null for nothing.</param>
    public static Errno Create(string path, long limit, TimeProvider time, out SpooledLog? log, SecretMatcher? secrets = null)
    {
        var fd = Libc.Open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_TRUNC | Libc.O_CLOEXEC, 0x180 /* rw for the owner */);
        log = fd < 0 ? null : new SpooledLog(path, new SafeFileHandle(fd, ownsHandle: true), limit, time, secrets);
        return fd < 0 ? Libc.LastError : Errno.None;
    }

    /// <summary>Appends output. Beyond the limit, or once the disk is full, it is only counted.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _errorsCameLast = false;
            if (_redactor is null)
            {
                KeepOutput(bytes);
            }
            else
            {
                _redactor.Write(bytes, _keep);
            }
        }
    }

    /// <summary>Adds a line of dcron's own, such as <c>[dcron: ended after 5 s (timeout)]</c>, on a line by itself.</summary>
    /// <returns>False when the log has ended.</returns>
    public bool AppendMarker(string line)
    {
        lock (_lock)
        {
            if (_ended)
            {
                return false;
            }

            Flush();
            if (_discarded > 0)
            {
                _heldBack.Add(line); // the line that says where output is missing comes first, and its count is known at the end only
            }
            else
            {
                WriteLine(line);
            }

            return true;
        }
    }

    /// <summary>Ends the log: what is missing is said in it, and followers learn that nothing more comes.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            Flush();
            if (_discarded > 0)
            {
                WriteLossMarker();
            }

            _heldBack.ForEach(WriteLine);
            _ended = true;
            Tell();
        }
    }

    /// <summary>Reads on from an offset; waits when there is nothing yet.</summary>
    /// <param name="offset">First byte, from 0; beyond the end counts as the end.</param>
    /// <param name="maxBytes">1 to 1,048,576; other values are moved into that range.</param>
    /// <param name="wait">Longest time to wait for more than nothing.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<LogChunk> ReadAsync(long offset, int maxBytes, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (wait > TimeSpan.Zero && MustWait(offset, out var changed))
        {
            await changed.WaitAsync(wait, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            cancellationToken.ThrowIfCancellationRequested();
        }

        bool ended;
        long length;
        lock (_lock)
        {
            (ended, length) = (_ended || _file.IsClosed, _length);
        }

        var count = (int)Math.Min(Math.Clamp(maxBytes, 1, MaxChunk), Math.Max(0, length - offset));
        var bytes = count == 0 ? [] : Read(offset, count);
        return new LogChunk(bytes, length, ended && offset + bytes.Length >= length);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            _file.Dispose();
            Tell();
        }
    }

    private long Room => Trouble is null && !_ended && _discarded == 0 ? Math.Max(0, _limit - _length - _composedLength) : 0;

    private void KeepOutput(ReadOnlySpan<byte> bytes)
    {
        CloseMark();
        var room = (int)Math.Min(bytes.Length, Room);
        var written = room == 0 ? 0 : Write(bytes[..room]);
        _discarded += bytes.Length - written;
    }

    private bool MustWait(long offset, [NotNullWhen(true)] out Task? changed)
    {
        lock (_lock)
        {
            changed = _ended || _length > offset ? null : (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return changed is not null;
        }
    }

    private byte[] Read(long offset, int count)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(count);
        try
        {
            var read = RandomAccess.Read(_file, bytes, offset);
            return read == count ? bytes : bytes[..read];
        }
        catch (ObjectDisposedException)
        {
            return []; // its owner was done with it: the rest is to be had from the object store
        }
    }

    private void WriteLine(string line)
    {
        var text = Encoding.UTF8.GetBytes((_markIsOpen ? "\e[39m" : "") + (_lastByte == '\n' ? "" : "\n") + line + "\n");
        _markIsOpen = false;
        if (Write(text) < text.Length)
        {
            WriteOverTheEnd(text);
        }
    }

    private void WriteLossMarker() => WriteLine(Trouble is null
        ? string.Create(CultureInfo.InvariantCulture, $"[dcron: the log was cut here at {_length} bytes; {_discarded} more bytes were discarded]")
        : string.Create(CultureInfo.InvariantCulture, $"[dcron: {Trouble} {_discarded} bytes are missing from here on]"));

    // On a full disk the blocks that the file has can still be written: better to lose a few bytes more than to hide that some are missing.
    private unsafe void WriteOverTheEnd(ReadOnlySpan<byte> text)
    {
        if (_file.IsClosed || _length < text.Length)
        {
            return;
        }

        fixed (byte* start = text)
        {
            _ = Libc.PWrite((int)_file.DangerousGetHandle(), start, text.Length, _length - text.Length);
        }

        _lastByte = text[^1];
    }

    /// <returns>Bytes that reached the file.</returns>
    private unsafe int Write(ReadOnlySpan<byte> bytes)
    {
        if (_file.IsClosed)
        {
            return 0;
        }

        var done = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                var written = Libc.PWrite((int)_file.DangerousGetHandle(), start + done, bytes.Length - done, _length);
                if (written > 0)
                {
                    done += (int)written;
                    Interlocked.Add(ref _length, written);
                }
                else if (Libc.LastError is not Errno.EINTR)
                {
                    Trouble ??= $"The log could not be written ({Libc.LastError.Text()}).";
                    break;
                }
            }
        }

        if (done > 0)
        {
            _lastByte = bytes[done - 1];
            Tell();
        }

        return done;
    }

    private void Tell()
    {
        _changed?.TrySetResult();
        _changed = null;
    }
}

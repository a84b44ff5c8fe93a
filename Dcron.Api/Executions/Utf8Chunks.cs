using System.Buffers;
using System.Text;

namespace Dcron.Api.Executions;

/// <summary>
/// Turns a log's bytes, which may be cut anywhere and need not be UTF-8, into texts. A character that is cut waits for its rest, so that
/// every text ends where reading can be taken up again; what is no character becomes U+FFFD.
/// </summary>
internal sealed class Utf8Chunks(long offset)
{
    private readonly List<byte> _held = [];

    /// <summary>Position after the last text: where to take up again.</summary>
    public long Offset { get; private set; } = offset;

    /// <summary>Position after the last byte, those of a cut character included.</summary>
    public long ReadUpTo => Offset + _held.Count;

    /// <returns>The text that is complete; null when there is none yet.</returns>
    public LogText? Append(ReadOnlySpan<byte> bytes)
    {
        if (_held.Count == 0)
            return Take(bytes);

        byte[] joined = [.. _held, .. bytes];
        _held.Clear();
        return Take(joined);
    }

    /// <summary>Nothing more comes: what is left of a cut character.</summary>
    public LogText? Finish()
    {
        if (_held.Count == 0)
            return null;

        var text = new LogText(Offset, Encoding.UTF8.GetString([.. _held]));
        Offset += _held.Count;
        _held.Clear();
        return text;
    }

    private LogText? Take(ReadOnlySpan<byte> bytes)
    {
        var complete = bytes.Length - CutAtEnd(bytes);
        _held.AddRange(bytes[complete..]);
        if (complete == 0)
            return null;

        var text = new LogText(Offset, Encoding.UTF8.GetString(bytes[..complete]));
        Offset += complete;
        return text;
    }

    /// <summary>How many bytes at the end begin a character whose rest is missing: 0 to 3.</summary>
    private static int CutAtEnd(ReadOnlySpan<byte> bytes)
    {
        for (var length = Math.Min(3, bytes.Length); length > 0; length--)
        {
            var tail = bytes[^length..];
            if ((tail[0] & 0xC0) == 0xC0 && Rune.DecodeFromUtf8(tail, out _, out var used) == OperationStatus.NeedMoreData && used == length)
                return length;
        }

        return 0;
    }
}

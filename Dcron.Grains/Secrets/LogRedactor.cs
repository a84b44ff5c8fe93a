namespace Dcron.Grains.Secrets;

/// <summary>
/// Takes secrets out of one script's output as it comes, however it is cut into pieces: what may be the beginning of a secret is held back until
/// the next bytes tell, never longer than the longest form, and each secret is replaced by <c>***</c>. For one thread at a time.
/// </summary>
internal sealed class LogRedactor(SecretMatcher matcher)
{
    public delegate void Sink(ReadOnlySpan<byte> bytes);

    // So little of a secret has been seen then that it is cheaper to look for a beginning anew: ordinary text always is at the first letter of some secret.
    private const int Shallow = 2;

    private static readonly byte[] Mark = "***"u8.ToArray();

    // Positions are counted from the first byte of the present piece: what is held back lies before it.
    private readonly byte[] _held = new byte[matcher.Longest];
    private readonly List<(int Start, int End)> _secrets = []; // in order, apart from each other
    private int _heldLength;
    private int _state;
    private bool _marked;

    public void Write(ReadOnlySpan<byte> bytes, Sink sink)
    {
        var at = 0;
        for (var begun = -1; at < bytes.Length;)
        {
            if (_state == 0)
            {
                at += matcher.NextBeginning(bytes[at..]);
                begun = at;
                if (at == bytes.Length)
                {
                    break;
                }
            }

            _state = matcher.Step(_state, bytes[at++]);
            var depth = matcher.DepthOf(_state);
            if (matcher.MatchAt(_state) is > 0 and var match)
            {
                Cover(at - match, at);
            }
            else if (depth <= Shallow && at - depth > begun && at >= depth)
            {
                (at, _state) = (at - depth, 0); // beyond where the last look began, so that no byte is looked at for ever
            }
        }

        var settled = at - matcher.DepthOf(_state);
        Release(settled, bytes, sink);
        Hold(settled, bytes);
    }

    /// <summary>Nothing more comes: what was held is no secret.</summary>
    public void Flush(Sink sink)
    {
        Release(0, [], sink);
        (_heldLength, _state, _marked) = (0, 0, false);
    }

    // A longer secret may end here that began before others, or between them.
    private void Cover(int start, int end)
    {
        while (_secrets is [.., var (lastStart, lastEnd)] && lastEnd >= start)
        {
            start = Math.Min(start, lastStart);
            _secrets.RemoveAt(_secrets.Count - 1);
        }

        _secrets.Add((start, end));
    }

    private void Release(int end, ReadOnlySpan<byte> bytes, Sink sink)
    {
        var at = -_heldLength;
        var done = 0;
        foreach (var (start, stop) in _secrets)
        {
            if (start >= end)
            {
                break;
            }

            Give(at, start, bytes, sink);
            if (!_marked)
            {
                sink(Mark);
                _marked = true;
            }

            at = Math.Min(stop, end);
            done += stop <= end ? 1 : 0;
        }

        Give(at, end, bytes, sink);
        _secrets.RemoveRange(0, done);
    }

    private void Give(int from, int end, ReadOnlySpan<byte> bytes, Sink sink)
    {
        if (from < 0 && from < end)
        {
            sink(_held.AsSpan(_heldLength + from, Math.Min(end, 0) - from));
            _marked = false;
        }

        if (end > 0 && from < end)
        {
            sink(bytes[Math.Max(from, 0)..end]);
            _marked = false;
        }
    }

    private void Hold(int from, ReadOnlySpan<byte> bytes)
    {
        var kept = Math.Max(0, -from);
        if (kept < _heldLength)
        {
            _held.AsSpan(_heldLength - kept, kept).CopyTo(_held);
        }

        var added = bytes[Math.Max(0, from)..];
        added.CopyTo(_held.AsSpan(kept));
        _heldLength = kept + added.Length;
        for (var i = 0; i < _secrets.Count; i++)
        {
            _secrets[i] = (Math.Max(_secrets[i].Start, from) - bytes.Length, _secrets[i].End - bytes.Length);
        }
    }
}

using System.Buffers.Binary;

namespace Dcron.Grains.Secrets;

/// <summary>
/// Finds any of many byte strings in a stream, in time that depends on the stream's length alone (Aho and Corasick): the thread that reads one
/// script's output reads all scripts' outputs, so no choice of secret and output may make it slow. What is far from any of them is leapt over (Wu and Manber): where
/// one could lie, some three bytes of its beginning do, and one look at those of the text tells how far off the nearest is. Immutable.
/// </summary>
internal sealed class SecretMatcher
{
    // Longer windows leap farther, but fill the table: of a secret's many forms each adds an entry a byte.
    private const int LongestWindow = 16;
    private const int LeapBits = 15;

    private readonly List<int> _fail = [0];
    private readonly List<int> _depth = [0];
    private readonly List<int> _match = [0];
    private readonly byte[] _leaps = new byte[1 << LeapBits];
    private readonly int _window;
    private readonly int _block;
    private long[] _edges = [];
    private int[] _targets = [];

    /// <param name="patterns">Each at least two bytes.</param>
    public SecretMatcher(IReadOnlyCollection<byte[]> patterns)
    {
        var children = new List<List<(byte Value, int State)>> { new() };
        foreach (var pattern in patterns)
        {
            var state = 0;
            foreach (var value in pattern)
            {
                var next = children[state].Find(child => child.Value == value).State;
                if (next == 0)
                {
                    next = children.Count;
                    children.Add([]);
                    children[state].Add((value, next));
                    _depth.Add(_depth[state] + 1);
                    _match.Add(0);
                    _fail.Add(0);
                }

                state = next;
            }

            _match[state] = pattern.Length;
            Longest = Math.Max(Longest, pattern.Length);
        }

        _window = Math.Min(LongestWindow, patterns.Min(pattern => pattern.Length));
        _block = Math.Min(3, _window);
        IndexLeaps(patterns);
        IndexEdges(children);
        LinkFailures(children);
    }

    /// <summary>Length of the longest pattern.</summary>
    public int Longest { get; }

    /// <summary>A position before which no pattern begins, and at which one may. Close to the end, where too little is known, one always may.</summary>
    public int NextBeginning(ReadOnlySpan<byte> bytes)
    {
        var last = bytes.Length - _window - 1; // where four bytes can be read at the window's last block of two
        var at = 0;
        while (at < last)
        {
            var leap = _leaps[LeapSlot(bytes[(at + _window - _block)..])];
            if (leap == 0)
            {
                return at;
            }

            at += leap;
        }

        return Math.Min(at, bytes.Length);
    }

    /// <summary>The state after one more byte. State 0 is that of a stream which no pattern can begin in.</summary>
    public int Step(int state, byte value)
    {
        while (true)
        {
            var next = Child(state, value);
            if (next != 0 || state == 0)
            {
                return next;
            }

            state = _fail[state];
        }
    }

    /// <summary>How many of the last bytes may yet be a part of a pattern.</summary>
    public int DepthOf(int state) => _depth[state];

    /// <summary>How many of the last bytes are a pattern; 0 for none.</summary>
    public int MatchAt(int state) => _match[state];

    private int Child(int state, byte value)
    {
        var edge = EdgeOf(state, value);
        for (var slot = Slot(edge); _edges[slot] != 0; slot = (slot + 1) & (_edges.Length - 1))
        {
            if (_edges[slot] == edge)
            {
                return _targets[slot];
            }
        }

        return 0;
    }

    // A block that stands in no beginning lets the window move past it; one that does, so that it lies where it would have to.
    private void IndexLeaps(IReadOnlyCollection<byte[]> patterns)
    {
        var farthest = _window - _block;
        Array.Fill(_leaps, (byte)(farthest + 1));
        var four = new byte[4];
        foreach (var pattern in patterns)
        {
            for (var at = 0; at <= farthest; at++)
            {
                pattern.AsSpan(at, _block).CopyTo(four);
                ref var leap = ref _leaps[LeapSlot(four)];
                leap = Math.Min(leap, (byte)(farthest - at));
            }
        }
    }

    private int LeapSlot(ReadOnlySpan<byte> block) =>
        (int)((BinaryPrimitives.ReadUInt32LittleEndian(block) << (8 * (4 - _block))) * 0x9E3779B1u >> (32 - LeapBits));

    private void IndexEdges(List<List<(byte Value, int State)>> children)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(children.Count * 2) + 2);
        (_edges, _targets) = (new long[size], new int[size]);
        foreach (var (state, edges) in children.Index())
        {
            foreach (var (value, target) in edges)
            {
                var edge = EdgeOf(state, value);
                var slot = Slot(edge);
                while (_edges[slot] != 0)
                {
                    slot = (slot + 1) & (size - 1);
                }

                (_edges[slot], _targets[slot]) = (edge, target);
            }
        }
    }

    // Breadth first: where a state fails to lies nearer to the beginning and is known by then.
    private void LinkFailures(List<List<(byte Value, int State)>> children)
    {
        var queue = new Queue<int>(children[0].Select(child => child.State));
        while (queue.TryDequeue(out var state))
        {
            _match[state] = Math.Max(_match[state], _match[_fail[state]]);
            foreach (var (value, target) in children[state])
            {
                _fail[target] = Step(_fail[state], value);
                queue.Enqueue(target);
            }
        }
    }

    private static long EdgeOf(int state, byte value) => ((long)state << 8 | value) + 1;

    private int Slot(long edge) => (int)((ulong)edge * 0x9E3779B97F4A7C15UL >> 32) & (_edges.Length - 1);
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>A script that the guard answers for.</summary>
internal sealed class GuardedScript(string executionId)
{
    public string ExecutionId { get; } = executionId;

    /// <summary>Its main process; 0 until it is known.</summary>
    public int Pid { get; set; }

    /// <summary>Start time of <see cref="Pid"/>, seen while the process was surely the script; null when it was not seen.</summary>
    public long? StartTime { get; set; }

    /// <summary>True once <see cref="StartTime"/> was looked for, or told.</summary>
    public bool Looked { get; set; }

    /// <summary>The lease ran out while it was registered: nothing of it may run any more, however late it starts.</summary>
    public bool Condemned { get; set; }
}

/// <summary>
/// What the guard was told. One message a line:
/// <c>script ID</c> (about to be started), <c>pid ID PID [START]</c>, <c>done ID</c>, <c>lease UNTIL</c>.
/// Times are milliseconds of <see cref="BootClock"/>, absolute ones: a message that was long under way must not lengthen a lease.
/// </summary>
internal sealed class GuardBook
{
    private readonly Dictionary<string, GuardedScript> _scripts = new(StringComparer.Ordinal);
    private readonly List<byte> _partial = [];
    private long? _leaseEndsAt;

    public IReadOnlyCollection<GuardedScript> Scripts => _scripts.Values;

    /// <summary>Takes bytes as they come; lines may be cut anywhere.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf((byte)'\n') is var end and >= 0)
        {
            _partial.AddRange(bytes[..end]);
            TakeLine(Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_partial)));
            _partial.Clear();
            bytes = bytes[(end + 1)..];
        }

        _partial.AddRange(bytes);
    }

    /// <summary>Condemns all scripts if the lease has run out.</summary>
    /// <returns>Those that were not condemned before.</returns>
    public IReadOnlyList<GuardedScript> Expire(long now)
    {
        if (_leaseEndsAt is not { } end || now < end)
        {
            return [];
        }

        var newly = _scripts.Values.Where(script => !script.Condemned).ToList();
        newly.ForEach(script => script.Condemned = true);
        return newly;
    }

    /// <summary>Time until <see cref="Expire"/> may have something to say; null when only a message can change that.</summary>
    public long? MillisecondsToExpiry(long now) =>
        _leaseEndsAt is { } end && _scripts.Values.Any(script => !script.Condemned) ? Math.Max(0, end - now) : null;

    private void TakeLine(string line)
    {
        var words = line.Split(' ');
        switch (words)
        {
            case ["script", var id]:
                _scripts.TryAdd(id, new GuardedScript(id));
                break;
            case ["pid", var id, var pid] when _scripts.TryGetValue(id, out var script):
                script.Pid = int.Parse(pid, NumberStyles.None, CultureInfo.InvariantCulture);
                break;
            case ["pid", var id, var pid, var start] when _scripts.TryGetValue(id, out var script):
                (script.Pid, script.Looked) = (int.Parse(pid, NumberStyles.None, CultureInfo.InvariantCulture), true);
                script.StartTime = long.Parse(start, NumberStyles.None, CultureInfo.InvariantCulture);
                break;
            case ["done", var id]:
                _scripts.Remove(id);
                break;
            case ["lease", var until]:
                _leaseEndsAt = long.Parse(until, NumberStyles.None, CultureInfo.InvariantCulture);
                break;
        }
    }
}

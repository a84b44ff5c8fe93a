using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>
/// Kills all that belongs to given executions, wherever it hid: by the execution id in the environment, by the session that such a process
/// is in, and by descent from either.
/// </summary>
internal sealed class Reaper
{
    private const int MaxRounds = 500;

    private readonly ProcFs _proc = new();
    private readonly HashSet<int> _spared = [];

    /// <summary>Spares the sessions of the guard and of the node that started it, which may be that of somebody's terminal.</summary>
    public Reaper()
    {
        if (_proc.Stat(Environment.ProcessId) is { } self)
        {
            _spared.Add(self.Session);
            _spared.Add(_proc.Stat(self.Parent)?.Session ?? self.Session);
        }
    }

    /// <summary>Notes when a script's process started, while it surely is that process: later its id may be another's.</summary>
    public void Identify(GuardedScript script)
    {
        if (script is not { Pid: > 0, Looked: false })
        {
            return;
        }

        script.Looked = true;
        if (_proc.ExecutionOf(script.Pid) == script.ExecutionId)
        {
            script.StartTime = _proc.Stat(script.Pid)?.StartTime;
        }
    }

    /// <summary>Kills until nothing is left; bounded, as something that can't be killed must not keep the guard for ever.</summary>
    /// <returns>How many kills it took.</returns>
    public int KillAll(IReadOnlyCollection<GuardedScript> scripts)
    {
        var kills = 0;
        for (var round = 0; round < MaxRounds && KillOnce(scripts) is var killed and > 0; round++)
        {
            kills += killed;
            Pause(milliseconds: 5);
        }

        return kills;
    }

    private int KillOnce(IReadOnlyCollection<GuardedScript> scripts)
    {
        if (scripts.Count == 0)
        {
            return 0;
        }

        var ids = scripts.Select(script => script.ExecutionId).ToHashSet(StringComparer.Ordinal);
        var mains = scripts.Where(script => script.StartTime is not null).ToDictionary(script => (script.Pid, script.StartTime!.Value));
        var all = ProcFs.AllPids().Select(_proc.Stat).OfType<ProcessStat>().Where(stat => stat.Pid != Environment.ProcessId).ToList();
        var doomed = all.Where(stat => mains.ContainsKey((stat.Pid, stat.StartTime)) || (_proc.ExecutionOf(stat.Pid) is { } id && ids.Contains(id))).ToHashSet();

        // Scripts have sessions of their own, so whoever shares one belongs to them, also without the variable.
        var sessions = doomed.Select(stat => stat.Session).Where(session => !_spared.Contains(session)).ToHashSet();
        doomed.UnionWith(all.Where(stat => sessions.Contains(stat.Session)));
        for (var before = 0; before != doomed.Count;)
        {
            before = doomed.Count;
            var parents = doomed.Select(stat => stat.Pid).ToHashSet();
            doomed.UnionWith(all.Where(stat => parents.Contains(stat.Parent)));
        }

        return doomed.Count(stat => !stat.IsZombie && Kill(stat));
    }

    private bool Kill(ProcessStat victim)
    {
        var descriptor = Libc.PidFdOpen(victim.Pid);
        if (descriptor < 0)
        {
            return false;
        }

        // From here on the descriptor names one process; it must be the one that was looked at.
        var same = _proc.Stat(victim.Pid)?.StartTime == victim.StartTime;
        var killed = same && Libc.PidFdSendSignal(descriptor, Signals.Kill, 0) == 0;
        _ = Libc.Close(descriptor);
        return killed;
    }

    private static unsafe void Pause(int milliseconds) => _ = Libc.Poll(null, 0, milliseconds);
}

using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Jobs;
using Dcron.Grains.Ledger;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Dcron.Grains.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dcron.Tests.Simulation;

/// <summary>One process that was started.</summary>
internal sealed class SomeProcess(ExecuteJob launch, DateTimeOffset began)
{
    public ExecuteJob Launch { get; } = launch;

    public DateTimeOffset Began { get; } = began;

    public ExecutionId Id => Launch.ExecutionId;

    /// <summary>By true time; null while it runs.</summary>
    public DateTimeOffset? Ended { get; set; }
}

/// <summary>What really ran, as an onlooker sees it who believes no document.</summary>
internal sealed class ProcessLog(World world)
{
    private readonly Dictionary<string, int> _starts = new(StringComparer.Ordinal);
    private readonly List<SomeProcess> _running = [];
    private readonly List<SomeProcess> _all = [];

    public List<string> Violations { get; } = [];

    /// <summary>Executions of one job that ran at the same time, the later one first; manual runs may.</summary>
    public List<(ExecutionId Id, ExecutionId Other)> Overlaps { get; } = [];

    /// <summary>How many executions of a backfill ran at the same time, at most.</summary>
    public Dictionary<(JobId Job, int Backfill), int> AtOnce { get; } = [];

    public int Count => _all.Count;

    public IReadOnlyList<SomeProcess> All => _all;

    public IReadOnlyDictionary<string, int> Starts => _starts;

    public IEnumerable<SomeProcess> Of(JobId job) => _all.Where(process => process.Id.JobId == job);

    public SomeProcess Began(ExecuteJob launch)
    {
        var process = new SomeProcess(launch, world.Now);
        var id = launch.ExecutionId;
        if ((_starts[id.ToString()] = _starts.GetValueOrDefault(id.ToString()) + 1) > 1)
        {
            Violations.Add($"{id} was started twice");
        }

        Overlaps.AddRange(_running.Where(other => other.Id.JobId == id.JobId && other.Id.Manual == 0 && id.Manual == 0).Select(other => (id, other.Id)));
        _running.Add(process);
        _all.Add(process);
        if (id.Backfill > 0)
        {
            AtOnce[(id.JobId, id.Backfill)] = Math.Max(AtOnce.GetValueOrDefault((id.JobId, id.Backfill)),
                _running.Count(other => other.Id.JobId == id.JobId && other.Id.Backfill == id.Backfill));
        }

        return process;
    }

    public void Ended(SomeProcess process)
    {
        process.Ended = world.Now;
        _running.Remove(process);
    }
}

/// <summary>The worker's runner with processes that only exist in the log.</summary>
internal sealed class SimulatedScripts : ExecutionRunner
{
    private readonly Cluster _cluster;
    private readonly Silo _silo;
    private readonly ScriptLease _lease;
    private readonly List<SimulatedScript> _running = [];

    public SimulatedScripts(
        Cluster cluster, Silo silo, Spool spool, ScriptLease lease, OutcomeWriter outcomes, ExecutionHistory history, StartRecorder starts, IGrainFactory grains, InterpreterCatalog interpreters,
        IOptions<WorkerOptions> options, TimeProvider time)
        : base(spool, null!, null!, null!, null!, interpreters, null!, null!, lease, outcomes, history, starts, grains, options, time, NullLogger<ExecutionRunner>.Instance) =>
        (_cluster, _silo, _lease) = (cluster, silo, lease);

    public void EndAll()
    {
        foreach (var script in _running.ToList())
        {
            script.Ends(new ScriptExit.Signalled("SIGKILL", 9) { FinishedAt = _silo.Time.GetUtcNow(), Cause = EndCause.LeaseExpired });
        }
    }

    /// <summary>All of a simulation runs in one thread.</summary>
    public override Task BesideGrains(Func<Task> run) => run();

    protected override async Task<Begun> StartAsync(HeldExecution held)
    {
        // Fetching a script takes a while, in which everything may happen.
        await Task.Delay(_cluster.World.Chance(0.05) ? _cluster.World.Between(0, 6_000) : _cluster.World.Between(0, 20), _silo.Time);
        if (!_lease.IsHeld)
        {
            return new Begun.Refused(ExecutionResult.Failed, "The guard refused it.");
        }

        var world = _cluster.World;
        var script = new SimulatedScript(held.Launch, _silo.Time, world, _cluster.Processes, gone => _running.Remove(gone));
        _running.Add(script);
        Started(held, script);
        var status = world.Chance(0.8) ? 0 : AnySpec.ExitCodes[world.Draw(AnySpec.ExitCodes.Length)];
        world.After(_cluster.Faults.RunTime(world), null, () => script.Ends(new ScriptExit.Exited(status) { FinishedAt = _silo.Time.GetUtcNow() }));
        if (held.Launch.TimeoutSeconds is { } limit)
        {
            world.After(TimeSpan.FromSeconds(limit), null, () => script.End(EndCause.Timeout));
        }

        // The guard is a process of its own: it looks at the lease also while the silo stands still.
        Watch(script);
        return new Begun.Running(script);
    }

    protected override void CleanUp(HeldExecution held)
    {
    }

    private void Watch(SimulatedScript script) => _cluster.World.After(TimeSpan.FromSeconds(1), null, () =>
    {
        if (script.IsRunning)
        {
            if (_lease.IsHeld)
            {
                Watch(script);
            }
            else
            {
                script.Ends(new ScriptExit.Signalled("SIGKILL", 9) { FinishedAt = _silo.Time.GetUtcNow(), Cause = EndCause.LeaseExpired });
            }
        }
    });
}

internal sealed class SimulatedScript : IRunningScript
{
    private readonly TaskCompletionSource<ScriptExit> _completion = new();
    private readonly MachineTime _time;
    private readonly World _world;
    private readonly ProcessLog _log;
    private readonly SomeProcess _process;
    private readonly Action<SimulatedScript> _gone;
    private EndCause? _cause;

    public SimulatedScript(ExecuteJob launch, MachineTime time, World world, ProcessLog log, Action<SimulatedScript> gone)
    {
        (StartedAt, _time, _world, _log, _gone) = (time.GetUtcNow(), time, world, log, gone);
        _process = log.Began(launch);
    }

    public DateTimeOffset StartedAt { get; }

    public Task<ScriptExit> Completion => _completion.Task;

    public SpooledLog? Log => null;

    public bool IsRunning => !_completion.Task.IsCompleted;

    /// <summary>It is asked to end, and takes its time.</summary>
    public void End(EndCause cause)
    {
        if (_cause is null)
        {
            _cause = cause;
            _world.After(_world.Between(0, 3_000), null, () => Ends(new ScriptExit.Signalled("SIGTERM", 15) { FinishedAt = _time.GetUtcNow(), Cause = cause }));
        }
    }

    public void Ends(ScriptExit exit)
    {
        if (IsRunning)
        {
            _log.Ended(_process);
            _gone(this);
            _completion.TrySetResult(exit);
        }
    }
}

internal sealed class SimulatedGuard(TimeProvider time) : GuardLink(null!, null!, time, NullLogger<GuardLink>.Instance)
{
    public override bool IsReady => true;
}

/// <summary>The lease by the simulated time: it ends ten seconds after the silo last ran.</summary>
internal sealed class SimulatedLease(Machine machine)
    : ScriptLease(null!, null!, null!, null!, null!, NullLogger<ScriptLease>.Instance)
{
    private long _endsAt;

    public override bool IsHeld => machine.World.Ticks < _endsAt;

    public override bool IsConfirmed => IsHeld;

    public void Renew() => _endsAt = machine.World.Ticks + AliveFor.Ticks;
}

/// <summary>The real recovery; there is nothing to kill.</summary>
internal sealed class SimulatedRecovery(Cluster cluster, Spool spool, OutcomeWriter outcomes, StartRecorder starts, TimeProvider time)
    : SpoolRecovery(spool, outcomes, starts, time, NullLogger<SpoolRecovery>.Instance)
{
    protected override void EndScript(ExecutionId id)
    {
        if (cluster.Faults.Mutant == Mutant.StartsFromTheSpool)
        {
            cluster.Processes.Ended(cluster.Processes.Began(new ExecuteJob { ExecutionId = id, JobId = id.JobId, JobVersion = 1, ScriptType = "sh", ScriptLocation = "", Trigger = ExecutionTrigger.Schedule }));
        }
    }
}

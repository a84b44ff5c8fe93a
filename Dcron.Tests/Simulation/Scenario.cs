using Dcron.Grains.Jobs;
using Dcron.Grains.Ledger;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>One simulated life of a cluster: jobs and their clients, faults of every kind, then quiet; and what the ledger says in the end.</summary>
internal sealed class Scenario
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(3);

    private readonly Life _life;
    private readonly World _world;
    private readonly Faults _faults;
    private readonly Cluster _cluster;
    private readonly Clients _clients;

    private Scenario(int seed, Mutant mutant, TempFolder folder, Life life)
    {
        (_life, _world, _faults) = (life, new World(seed, life.Begin), new Faults(mutant));
        _cluster = new Cluster(_world, _faults, folder.Path, size: 2 + _world.Draw(2), keepsMonths: life.Away is null ? 0 : 1);
        _clients = new Clients(_world, _cluster, life);
    }

    /// <param name="seed">Of everything that is left to chance.</param>
    /// <param name="mutant">A rule to break.</param>
    /// <param name="life">What kind of life; null for what the seed says.</param>
    public static Outcome Run(int seed, Mutant mutant = Mutant.None, Life? life = null)
    {
        using var folder = new TempFolder();
        var scenario = new Scenario(seed, mutant, folder, life ?? Life.Of(seed));
        using var _ = scenario._cluster;
        return scenario.Run();
    }

    private Outcome Run()
    {
        Prepare();
        _cluster.Start();
        _clients.Begin();
        GoOn();
        if (_life.Away is { } away)
        {
            _world.RunUntil(_life.Begin + away.After);
            _cluster.TurnOff();
            _world.RunUntil(_life.Begin + away.After + away.Length);
            _faults.IsDatabaseAway = false;
            _cluster.TurnOn();
            GoOn();
        }

        _world.RunUntil(_life.QuietFrom);
        _faults.AreOver = true;
        _faults.IsDatabaseAway = false;
        _cluster.StartAll();
        _world.RunUntil(_life.QuietFrom + Quiet);
        return Judge();
    }

    private void GoOn()
    {
        Often(_life.Peace, Hurt);
        Often(_life.Peace * 0.6, _clients.Act);
        Often(TimeSpan.FromMinutes(1), _cluster.LetGo);
    }

    private void Prepare()
    {
        Done(_cluster.Database.EnsureCollectionAsync(JobCollections.JobsDefinition));
        Done(_cluster.Database.EnsureCollectionAsync(JobCollections.VersionsDefinition));
        Done(_cluster.Database.EnsureCollectionAsync(JobCollections.NamesDefinition));
    }

    private Outcome Judge()
    {
        var to = _life.QuietFrom + Quiet - Settling;
        var verify = new LedgerVerifier(_cluster.Database, new JobVersions(_cluster.Database), new MachineTime(new Machine(_world)))
            .VerifyAsync(new LedgerQuery(_life.Begin, to));
        if (!verify.IsCompleted)
        {
            throw new InvalidOperationException("The database in memory answers at once.");
        }

        var report = verify.GetAwaiter().GetResult();
        List<string> faults = [.. _cluster.Processes.Violations, .. _faults.Onlooker.Violations, .. _faults.Onlooker.Decisions.Violations, .. new Promises(_life, _cluster, _clients, to).Broken()];
        foreach (var (kind, findings) in new[] { ("missing", report.Missing), ("double", report.Double), ("unexplained", report.Unexplained), ("unwitnessed", report.Unwitnessed) })
        {
            faults.AddRange(findings.First.Select(finding => $"{kind}: {finding.ExecutionId}: {finding.Reason}"));
        }

        if (report.Open + report.Pending > 0)
        {
            faults.Add($"{report.Open} fire times are open and {report.Pending} undecided minutes after the last fault");
        }

        return new Outcome(faults, report, _cluster.Processes.Count, _world.Steps, _world.Trail, _cluster);
    }

    private void Hurt()
    {
        var silos = _cluster.Silos.ToList();
        if (silos.Count == 0)
        {
            return;
        }

        var silo = silos[_world.Draw(silos.Count)];
        switch (_world.Draw(10))
        {
            case 0 or 1 or 2:
                _cluster.Kill(silo);
                break;
            case 3 or 4 or 5:
                _cluster.Pause(silo, _world.Chance(0.5) ? _world.Between(100, 9_000) : _world.Between(9_000, 90_000));
                break;
            case 6:
                _cluster.DeclareDead(silo); // although it is not: a partition, as the others see it
                break;
            case 7:
                _faults.IsDatabaseAway = true;
                _world.After(_world.Between(500, 30_000), null, () => _faults.IsDatabaseAway = false);
                break;
            default:
                silo.Time.Error = _world.Chance(0.5) ? TimeSpan.Zero : _world.Between(-60_000, 60_000);
                break;
        }
    }

    private void Often(TimeSpan mean, Action act) => _world.After(_world.Between(mean.TotalMilliseconds * 0.2, mean.TotalMilliseconds * 1.8), null, () =>
    {
        if (!_faults.AreOver && !_cluster.IsOff)
        {
            act();
            Often(mean, act);
        }
    });

    private static void Done(ValueTask task) => task.GetAwaiter().GetResult();
}

/// <param name="Faults">What went wrong; empty for a life in order.</param>
/// <param name="Report">What the ledger says.</param>
/// <param name="Processes">How many processes were started.</param>
/// <param name="Steps">How many steps the simulation took.</param>
/// <param name="Trail">A hash of them all.</param>
/// <param name="Cluster">As it was in the end, to look into.</param>
internal sealed record Outcome(IReadOnlyList<string> Faults, LedgerReport Report, int Processes, long Steps, int Trail, Cluster Cluster);

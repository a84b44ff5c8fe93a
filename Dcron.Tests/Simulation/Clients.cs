using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Tests.Simulation;

/// <summary>What people and programs ask of the cluster, at random, and what they were answered.</summary>
internal sealed class Clients
{
    public static readonly string[] Scripts = ["s3://dcron/one.sh", "s3://dcron/other.sh"];

    private readonly World _world;
    private readonly Cluster _cluster;
    private readonly Life _life;
    private readonly List<JobId> _jobs = [];
    private readonly Dictionary<JobId, CreateJob> _asked = [];
    private int _specs;

    public Clients(World world, Cluster cluster, Life life)
    {
        (_world, _cluster, _life) = (world, cluster, life);
        for (var i = 0; i < life.Jobs; i++)
        {
            _jobs.Add(JobId.Parse($"job{i}"));
        }

        foreach (var _ in Scripts)
        {
            OverwriteScript();
        }
    }

    /// <summary>Jobs whose creation was answered.</summary>
    public HashSet<JobId> Created { get; } = [];

    /// <summary>Jobs that somebody wanted deleted.</summary>
    public HashSet<JobId> Deleted { get; } = [];

    /// <summary>Runs that were promised, and when.</summary>
    public List<(ExecutionId Id, DateTimeOffset At)> Promised { get; } = [];

    /// <summary>What was answered to each idempotency key.</summary>
    public Dictionary<string, HashSet<string>> ByKey { get; } = new(StringComparer.Ordinal);

    /// <summary>Creates all jobs, by and by.</summary>
    public void Begin()
    {
        foreach (var job in _jobs)
        {
            _world.After(_world.Between(500, _life.IsCrowd ? 600_000 : 20_000), null, () => Create(job));
        }
    }

    /// <summary>Asks for something of some job.</summary>
    public void Act()
    {
        var job = _jobs[_world.Draw(_jobs.Count)];
        switch (_world.Draw(26))
        {
            case 0 or 1 or 2 when !IsLeftAlone(job):
                Ask(job, grain => grain.Update(new UpdateJob(job, AnySpec.Of(_world, _life, job, ++_specs), null)));
                break;
            case 3 when !IsLeftAlone(job):
                Ask(job, grain => grain.SetEnabled(false));
                break;
            case 4 or 5 when !IsLeftAlone(job):
                Ask(job, grain => grain.SetEnabled(true));
                break;
            case 6 when !IsLeftAlone(job) && _world.Chance(0.3):
                Deleted.Add(job);
                Ask(job, grain => grain.Delete());
                break;
            case 7 or 8 or 9 or 10:
                Run(job);
                break;
            case 11 or 12 or 13:
                RunAgain(job);
                break;
            case 14 or 15 or 16 or 17:
                Backfill(job);
                break;
            case 18:
                Ask(job, grain => grain.CancelBackfill(1 + _world.Draw(2), "Somebody cancelled its backfill."));
                break;
            case 19 when _cluster.AllJobs().FirstOrDefault(stored => stored.JobId == job) is { Open: [var owed, ..] }:
                Ask(job, grain => grain.CancelQueued(owed.Launch.ExecutionId, "Somebody cancelled it."));
                break;
            case 20 or 21:
                OverwriteScript();
                break;
            case 22:
                Create(job); // a client that was not answered asks again, however late
                break;
            default:
                break;
        }
    }

    /// <summary>Jobs that nobody changes: what their only spec says must hold of them without an excuse.</summary>
    public static bool IsLeftAlone(JobId job) => job.Value[^1] is '0' or '3' or '6' or '9';

    private void Create(JobId job)
    {
        if (!_asked.TryGetValue(job, out var asked))
        {
            _asked[job] = asked = new CreateJob(job, AnySpec.Of(_world, _life, job, ++_specs));
        }

        Ask(job, grain => grain.Create(asked), answer =>
        {
            if (answer is JobAnswer.Found)
            {
                Created.Add(job);
            }
        });
    }

    private void Run(JobId job)
    {
        var key = AnyKey();
        Ask(job, grain => grain.Run(key), id => Promise(job, "run", key, id));
    }

    private void RunAgain(JobId job)
    {
        var key = AnyKey();
        if (_cluster.Processes.Of(job).ToList() is { Count: > 0 } ran)
        {
            var origin = ran[_world.Draw(ran.Count)].Id;
            Ask(job, grain => grain.Rerun(origin, key), answer => Promise(job, "run", key, (answer as RerunAnswer.Planned)?.ExecutionId));
        }
    }

    private void Backfill(JobId job)
    {
        var key = AnyKey();
        var to = _life.Away is null ? _world.Now - _world.Between(0, 300_000) : _life.Begin + _world.Between(-60_000, 400_000);
        var asked = new RequestBackfill(to - (_life.Away is null ? _world.Between(30_000, 240_000) : _world.Between(60_000, 120_000_000)), to, 1 + (_world.Chance(0.3) ? _world.Draw(3) : 0));
        Ask(job, grain => grain.Backfill(asked, key), answer => Answered(job, "backfill", key, (answer as BackfillAnswer.Planned)?.Backfill?.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private void Promise(JobId job, string what, string? key, ExecutionId? id)
    {
        if (id is { } promised)
        {
            Promised.Add((promised, _world.Now));
            Answered(job, what, key, promised.ToString());
        }
    }

    private void Answered(JobId job, string what, string? key, string? answer)
    {
        if (key is not null && answer is not null)
        {
            var name = $"{job} {what} {key}";
            ByKey.TryAdd(name, new HashSet<string>(StringComparer.Ordinal));
            ByKey[name].Add(answer);
        }
    }

    private string? AnyKey() => _world.Draw(4) is var key and < 2 ? $"key{key}" : null;

    private void OverwriteScript() => _cluster.Objects.Put(Scripts[_world.Draw(Scripts.Length)], System.Text.Encoding.UTF8.GetBytes($"echo {++_specs}"));

    private void Ask<T>(JobId job, Func<IJobGrain, Task<T>> ask, Action<T>? answered = null)
    {
        var answer = ask(_cluster.Clients.GetGrain<IJobGrain>(job.Value));
        answer.ContinueWith(task =>
        {
            if (task.IsCompletedSuccessfully)
            {
                answered?.Invoke(task.Result);
            }
            else
            {
                _ = task.Exception; // a client may be told that it did not work
            }
        }, TaskContinuationOptions.ExecuteSynchronously);
    }
}

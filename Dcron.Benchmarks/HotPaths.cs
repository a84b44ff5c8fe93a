using System.Diagnostics;
using System.Text.Json;
using Cronos;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.Folder;
using Dcron.Tests;
using Microsoft.Data.Sqlite;

namespace Dcron.Benchmarks;

/// <summary>
/// What each step of a launch costs by itself, as a ratio to the least that the same work takes with the bare library or the bare disk, measured in turn.
/// (Spawning, with its own baseline, is <see cref="Spawning"/>.)
/// </summary>
internal static class HotPaths
{
    private const int Rounds = 5;
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);

    public static async Task RunAsync()
    {
        Figures.Title("Hot paths, each against a bare baseline in the same run");
        using var folder = new TempFolder();
        await using var store = new SqliteDocumentStore(folder.Of("dcron.db"), TimeSpan.FromSeconds(5));
        await using var bare = new BareDatabase(folder.Of("bare.db"));
        using var objects = new FolderObjectStore(folder.Of("objects"), "dcron", TimeProvider.System);
        await objects.EnsureReadyAsync();
        await PollAsync(store);
        await PlanAsync();
        await PlaceAsync();
        await ClaimAsync(store, bare);
        await FinishAsync(store, objects, bare, folder);
    }

    // Ten due jobs among 10,000, against reading one key of the same table ten times.
    private static async Task PollAsync(SqliteDocumentStore store)
    {
        await store.EnsureCollectionAsync(JobCollections.JobsDefinition);
        var ids = new List<string>();
        foreach (var chunk in Enumerable.Range(0, 10_000).Chunk(1000))
        {
            var writes = chunk.Select(DocumentWrite (i) => JobOf(i)).ToList();
            ids.AddRange(writes.Select(write => write.Id));
            await store.WriteManyAsync(JobCollections.Jobs, writes);
        }

        var index = new WakeIndex(store);
        await CompareAsync("poll: ten due of 10,000 jobs, against ten reads by key", 500,
            async _ =>
            {
                var found = 0;
                await foreach (var due in index.UpToAsync(Start))
                {
                    found++;
                }

                if (found != 10)
                {
                    throw new InvalidOperationException($"The poll found {found} jobs.");
                }
            },
            async _ =>
            {
                for (var i = 0; i < 10; i++)
                {
                    await store.GetAsync(JobCollections.Jobs, ids[i]);
                }
            });
    }

    private static async Task PlanAsync()
    {
        var job = JobPlanner.Create(new CreateJob(JobId.New(Start), SpecOf("*/5 * * * *")), null, Start);
        var expression = CronExpression.Parse("*/5 * * * *");
        var due = Start.AddMinutes(5);
        await CompareAsync("plan: a job with one due fire time, against Cronos' next occurrence", 20_000,
            _ =>
            {
                JobPlanner.Plan(job, due);
                return Task.CompletedTask;
            },
            _ =>
            {
                expression.GetNextOccurrence(due, TimeZoneInfo.Utc);
                return Task.CompletedTask;
            });
    }

    private static async Task PlaceAsync()
    {
        var board = new PlacementBoard();
        for (var i = 0; i < 10; i++)
        {
            board.Report(WorkerOf($"w{i}"), Start);
        }

        var queue = new PriorityQueue<ExecuteJob, DateTimeOffset>();
        await CompareAsync("place: one launch on one of ten workers, against a priority queue", 20_000,
            i =>
            {
                board.Add(LaunchOf(i));
                var offer = board.NextOffer()!;
                board.Answered(offer, new ExecuteAnswer.Accepted());
                board.SlotFreed(offer.WorkerId, offer.Launch.ExecutionId);
                return Task.CompletedTask;
            },
            i =>
            {
                var launch = LaunchOf(i);
                queue.Enqueue(launch, launch.ExecutionId.FireTime);
                queue.Dequeue();
                return Task.CompletedTask;
            });
    }

    private static async Task ClaimAsync(SqliteDocumentStore store, BareDatabase bare)
    {
        var history = new ExecutionHistory(store);
        await CompareAsync("claim: one document with its indexes, durable, against a bare insert and commit", 300,
            async i => await history.CreateAsync(ExecutionOf(i)),
            i =>
            {
                bare.Insert(JsonSerializer.Serialize(ExecutionOf(i), DcronJson.Default.ExecutionDocument));
                return Task.CompletedTask;
            });
    }

    // A log of six bytes to its place, then the outcome over the claim; against the same with two system calls and a bare insert.
    private static async Task FinishAsync(SqliteDocumentStore store, FolderObjectStore objects, BareDatabase bare, TempFolder folder)
    {
        var history = new ExecutionHistory(store);
        Directory.CreateDirectory(folder.Of("bare"));
        await CompareAsync("finish: log stored and outcome written, against a synced file and a bare insert", 200,
            async i =>
            {
                var execution = ExecutionOf(1_000_000 + i);
                var revision = await history.CreateAsync(execution);
                var log = folder.Of("spooled.log");
                await File.WriteAllTextAsync(log, "hello\n");
                await objects.TakeFileAsync(ObjectLocation.Of("dcron", OutcomeWriter.LogKeyOf(execution.ExecutionId)), log, "text/plain");
                await history.ReplaceAsync(execution with { ExecutionResult = ExecutionResult.Succeeded, ExitStatus = 0, OpenOn = null }, revision!);
            },
            i =>
            {
                bare.Insert("claim");
                using (var file = new FileStream(folder.Of("bare.log"), FileMode.Create))
                {
                    file.Write("hello\n"u8);
                    file.Flush(flushToDisk: true);
                }

                File.Move(folder.Of("bare.log"), folder.Of($"bare/{i}.log"), overwrite: true);
                bare.Insert(JsonSerializer.Serialize(ExecutionOf(i), DcronJson.Default.ExecutionDocument));
                return Task.CompletedTask;
            });
    }

    private static async Task CompareAsync(string name, int times, Func<int, Task> ours, Func<int, Task> baseline)
    {
        var (own, bare, next) = (new List<double>(), new List<double>(), 0);
        for (var round = -1; round < Rounds; round++)
        {
            var (least, mine) = (await MicrosecondsAsync(times, next, baseline), await MicrosecondsAsync(times, next, ours));
            next += times;
            if (round >= 0) // the first one compiles
            {
                own.Add(mine);
                bare.Add(least);
            }
        }

        Figures.Row(name, $"{Figures.Median(own):F1} µs, baseline {Figures.Median(bare):F1} µs, ratio {Figures.Median(own.Zip(bare, (o, b) => o / b)):F2}");
    }

    private static async Task<double> MicrosecondsAsync(int times, int first, Func<int, Task> act)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            await act(first + i);
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / times;
    }

    private static DocumentWrite.Create JobOf(int i)
    {
        var job = JobPlanner.Create(new CreateJob(JobId.New(Start.AddMilliseconds(i)), SpecOf("0 0 1 1 *")), null, Start) with { WakeAt = i < 10 ? Start : Start.AddDays(1 + i) };
        return new DocumentWrite.Create(job.JobId.Value, JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument));
    }

    private static JobSpec SpecOf(string time) => new() { Time = time, ScriptType = "python", ScriptLocation = "s3://dcron/scripts/x.py" };

    private static ExecuteJob LaunchOf(int i)
    {
        var job = JobId.Parse("j");
        return new ExecuteJob
        {
            ExecutionId = ExecutionId.Scheduled(job, Start.AddSeconds(i)),
            JobId = job,
            JobVersion = 1,
            ScriptType = "python",
            ScriptLocation = "s3://dcron/scripts/x.py",
            Trigger = ExecutionTrigger.Schedule,
        };
    }

    private static WorkerInfo WorkerOf(string id) => new()
    {
        WorkerId = id,
        Host = id,
        Slots = 4,
        Running = 0,
        Interpreters = new Dictionary<string, string> { ["python"] = "3" },
        Labels = new Dictionary<string, string>(),
        State = WorkerState.Active,
    };

    private static ExecutionDocument ExecutionOf(int i)
    {
        var id = LaunchOf(i).ExecutionId;
        return new ExecutionDocument
        {
            ExecutionId = id,
            JobId = id.JobId,
            ExecutionDate = id.FireTime,
            ExecutionResult = ExecutionResult.Running,
            WorkerId = "127.0.0.1:11111@1",
            OpenOn = "127.0.0.1:11111@1",
            Attempt = 1,
            Trigger = ExecutionTrigger.Schedule,
            ClaimedAt = Start,
        };
    }

    /// <summary>A table of ids and texts with the same durability, used as directly as can be.</summary>
    private sealed class BareDatabase : IAsyncDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly SqliteCommand _insert;
        private readonly SqliteParameter _body;

        public BareDatabase(string path)
        {
            _connection = new SqliteConnection($"Data Source={path};Pooling=False");
            _connection.Open();
            Execute("PRAGMA journal_mode=WAL");
            Execute("PRAGMA synchronous=FULL");
            Execute("CREATE TABLE rows(id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
            _insert = _connection.CreateCommand();
            _insert.CommandText = "INSERT INTO rows(body) VALUES ($body)";
            _body = _insert.Parameters.Add("$body", SqliteType.Text);
        }

        public void Insert(string body)
        {
            _body.Value = body;
            _insert.ExecuteNonQuery();
        }

        public async ValueTask DisposeAsync()
        {
            await _insert.DisposeAsync();
            await _connection.DisposeAsync();
        }

        private void Execute(string sql)
        {
            using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this class.
            command.CommandText = sql;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }
    }
}

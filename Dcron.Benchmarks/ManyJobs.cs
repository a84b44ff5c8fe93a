using System.Diagnostics;
using System.Text.Json;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using Dcron.Grains.Leading;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>100,000 stored jobs of which ten are due, against ten jobs that are all due: the poll, the start and the memory of a node.</summary>
internal static class ManyJobs
{
    public const int Due = 10;
    private const int Polls = 2000;

    public static async Task RunAsync()
    {
        Figures.Title($"A poll that finds {Due} due jobs, among {Due} and among 100,000 stored ones");
        using var folder = new TempFolder();
        var (few, many) = (folder.Of("few"), folder.Of("many"));
        await Fill(few, Due);
        await Fill(many, 100_000);
        var (fewTimes, manyTimes) = (new List<double>(), new List<double>());
        for (var round = 0; round < 5; round++)
        {
            fewTimes.Add(await PollMicroseconds(few));
            manyTimes.Add(await PollMicroseconds(many));
        }

        Figures.Row("among ten", $"{Figures.Median(fewTimes):F0} µs");
        Figures.Row("among 100,000", $"{Figures.Median(manyTimes):F0} µs");
        Figures.Row("ratio, pair by pair", $"{Figures.Median(fewTimes.Zip(manyTimes, (f, m) => m / f)):F2}");
        await Start(few, "node with ten jobs");
        await Start(many, "node with 100,000 jobs");
    }

    private static async Task Start(string dataPath, string name)
    {
        await using var node = await NodeProcess.StartAsync(dataPath);
        await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System);
        Figures.Row(name, $"ready in {node.StartTime.TotalSeconds:F1} s, {ProcessFigures.ResidentMiB(node.Pid):F0} MiB after 10 s");
        await node.StopAsync();
    }

    private static async Task<double> PollMicroseconds(string dataPath)
    {
        await using var store = new SqliteDocumentStore(Path.Combine(dataPath, "dcron.db"), TimeSpan.FromSeconds(5));
        return await PollMicroseconds(store, Polls);
    }

    public static async Task<double> PollMicroseconds(IDocumentStore store, int polls)
    {
        var index = new WakeIndex(store);
        await Poll(index, polls / 10);
        var start = Stopwatch.GetTimestamp();
        await Poll(index, polls);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / polls;
    }

    private static async Task Poll(WakeIndex index, int times)
    {
        var end = TimeProvider.System.GetUtcNow() + LeaderGrain.LookAhead;
        for (var i = 0; i < times; i++)
        {
            var found = 0;
            await foreach (var _ in index.UpToAsync(end))
            {
                found++;
            }

            if (found != Due)
            {
                throw new InvalidOperationException($"The poll found {found} jobs.");
            }
        }
    }

    private static async Task Fill(string dataPath, int count)
    {
        Directory.CreateDirectory(dataPath);
        await using var store = new SqliteDocumentStore(Path.Combine(dataPath, "dcron.db"), TimeSpan.FromSeconds(5));
        await FillAsync(store, count);
    }

    // The due ones fire once a year and wait for a re-check; none is launched while this is measured.
    public static async Task FillAsync(IDocumentStore store, int count)
    {
        await store.EnsureCollectionAsync(JobCollections.JobsDefinition);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(1000))
        {
            await store.WriteManyAsync(JobCollections.Jobs, [.. chunk.Select(i => Write(i, now))]);
        }
    }

    private static DocumentWrite.Create Write(int i, DateTimeOffset now)
    {
        var spec = new JobSpec { Time = "0 0 1 1 *", ScriptType = "python", ScriptLocation = "s3://dcron/scripts/x.py", Name = $"job {i}" };
        var job = JobPlanner.Create(new CreateJob(JobId.New(now.AddMilliseconds(i)), spec), null, now) with { WakeAt = i < Due ? now.AddSeconds(60) : now.AddDays(1 + (i % 300)) };
        return new DocumentWrite.Create(job.JobId.Value, JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument));
    }
}

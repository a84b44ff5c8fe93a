using System.Globalization;
using System.Text;
using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using Dcron.Grains.Scripts;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.Folder;

namespace Dcron.Benchmarks;

/// <summary>
/// Fills a data folder, straight into its store, with jobs and the executions of the last 30 days, as a busy site would have them: <c>seed JOBS EXECUTIONS [FOLDER]</c>.
/// The same numbers give the same jobs. One execution has a log of a gigabyte.
/// </summary>
internal static class Seeding
{
    private const int AtOnce = 2000;
    private const int Days = 30;

    private static readonly string[] Zones = ["UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Sydney"];
    private static readonly string[] Teams = ["billing", "search", "ops", "data", "mail", "web"];
    private static readonly string[] Verbs = ["sync", "backup", "report", "cleanup", "index", "export", "import", "rotate"];

    public static async Task RunAsync(int jobs, int executions, string folder)
    {
        Directory.CreateDirectory(folder);
        await using var store = new SqliteDocumentStore(Path.Combine(folder, "dcron.db"), TimeSpan.FromSeconds(30));
        using var objects = new FolderObjectStore(Path.Combine(folder, "objects"), "dcron", TimeProvider.System);
        await objects.EnsureReadyAsync();
        await store.EnsureCollectionAsync(JobCollections.JobsDefinition);
        await store.EnsureCollectionAsync(JobCollections.VersionsDefinition);
        var now = TimeProvider.System.GetUtcNow();
        var script = await StoreScriptAsync(objects);
        var ids = new List<JobId>(jobs);
        foreach (var chunk in Enumerable.Range(0, jobs).Chunk(AtOnce))
        {
            var made = Array.ConvertAll(chunk, i => JobOf(i, script, now));
            ids.AddRange(made.Select(job => job.JobId));
            await store.WriteManyAsync(JobCollections.Jobs, Array.ConvertAll(made, job => new DocumentWrite.Create(job.JobId.Value, JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument))));
            await store.WriteManyAsync(JobCollections.Versions, Array.ConvertAll(made, job => new DocumentWrite.Create(
                JobCollections.VersionId(job.JobId, 1, null),
                JsonSerializer.SerializeToUtf8Bytes(new JobVersionDocument(job.JobId, 1, job.UpdatedAt, job.Spec), DcronJson.Default.JobVersionDocument))));
        }

        Console.WriteLine($"{jobs} jobs");
        var big = await StoreBigLogAsync(objects);
        foreach (var month in Enumerable.Range(0, executions).Select(i => FireTimeOf(i, executions, now)).Select(JobCollections.ExecutionsOf).Distinct().ToList())
            await store.EnsureCollectionAsync(JobCollections.ExecutionsDefinition(month));
        for (var start = 0; start < executions; start += AtOnce)
        {
            var chunk = Enumerable.Range(start, Math.Min(AtOnce, executions - start)).Select(i => ExecutionOf(i, executions, ids, now, i == executions - 1 ? big : null));
            foreach (var month in chunk.GroupBy(execution => JobCollections.ExecutionsOf(execution.ExecutionId)))
            {
                await store.WriteManyAsync(month.Key, [.. month.Select(execution => new DocumentWrite.Create(
                    execution.ExecutionId.ToString(), ExecutionHistory.Write(execution)))]);
            }
        }

        Console.WriteLine($"{executions} executions; the last one of job {ids[(executions - 1) % ids.Count]} has the large log");
    }

    private static JobDocument JobOf(int i, string script, DateTimeOffset now)
    {
        var spec = new JobSpec
        {
            Time = TimeOf(i),
            Timezone = Zones[i % Zones.Length],
            ScriptType = "python",
            ScriptLocation = script,
            Name = string.Create(CultureInfo.InvariantCulture, $"{Teams[i % Teams.Length]}-{Verbs[i / 7 % Verbs.Length]}-{i:D6}"),
            Namespace = NamespaceOf(i),
            Labels = new Dictionary<string, string> { ["team"] = Teams[i % Teams.Length], ["tier"] = $"{i % 3}" },
            Enabled = i % 50 != 49,
        };
        var created = now.AddDays(-Days - 1);
        var job = JobPlanner.Create(new CreateJob(JobId.New(created.AddMilliseconds(i)), spec), null, created);
        return job with { PlannedUpTo = now, WakeAt = spec.Enabled ? JobSchedules.Of(spec, job.JobId).NextAfter(now) : null };
    }

    // Two teams of six have a namespace of their own, the others share the default one.
    private static string? NamespaceOf(int i) => Teams[i % Teams.Length] is "billing" or "search" ? Teams[i % Teams.Length] : null;

    // Most jobs of a site run once a day, many of them at the same few times.
    private static string TimeOf(int i) => (i % 100) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{i / 100 % 60} * * * *"),
        < 30 => string.Create(CultureInfo.InvariantCulture, $"0 {i / 100 % 6} * * *"),
        < 80 => string.Create(CultureInfo.InvariantCulture, $"{i * 7 % 60} {i * 13 % 24} * * *"),
        < 90 => "H H * * *",
        < 97 => string.Create(CultureInfo.InvariantCulture, $"{i * 11 % 60} {i * 5 % 24} * * MON-FRI"),
        _ => string.Create(CultureInfo.InvariantCulture, $"30 3 {(i % 28) + 1} * *"),
    };

    private static DateTimeOffset FireTimeOf(int i, int executions, DateTimeOffset now) => now.AddDays(-Days * (1 - ((i + 1.0) / executions))).AddSeconds(-5);

    private static ExecutionDocument ExecutionOf(int i, int executions, List<JobId> ids, DateTimeOffset now, (string Location, long Bytes)? log)
    {
        var id = ExecutionId.Scheduled(ids[i % ids.Count], FireTimeOf(i, executions, now));
        var result = (i % 97) switch { 3 => ExecutionResult.Failed, 40 when i % 5 == 0 => ExecutionResult.TimedOut, 60 when i % 11 == 0 => ExecutionResult.Skipped, _ => ExecutionResult.Succeeded };
        var ran = result != ExecutionResult.Skipped;
        return new ExecutionDocument
        {
            ExecutionId = id,
            JobId = id.JobId,
            ExecutionDate = id.FireTime,
            ExecutionResult = result,
            ExitStatus = result switch { ExecutionResult.Succeeded => 0, ExecutionResult.Failed => 1, _ => null },
            Reason = result switch { ExecutionResult.TimedOut => "It ran longer than 60 s.", ExecutionResult.Skipped => "An earlier execution was still running (overlap policy skip).", _ => null },
            Trigger = ExecutionTrigger.Schedule,
            JobVersion = 1,
            Namespace = NamespaceOf(i % ids.Count),
            ClaimedAt = ran ? id.FireTime.AddMilliseconds(12) : null,
            StartedAt = ran ? id.FireTime.AddMilliseconds(20) : null,
            FinishedAt = ran ? id.FireTime.AddMilliseconds(20 + (i * 37 % 4000)) : null,
            LogsPath = log?.Location,
            LogBytes = log?.Bytes,
            WorkerId = ran ? "10.0.0.7:11111@154452482" : null,
        };
    }

    private static async Task<string> StoreScriptAsync(FolderObjectStore objects)
    {
        using var script = new MemoryStream("print('hello')\n"u8.ToArray());
        return await new ScriptLibrary(objects).StoreAsync(script, "hello.py") is ScriptUpload.Stored stored ? stored.Location.ToString() : throw new InvalidOperationException("the script was not stored");
    }

    private static async Task<(string Location, long Bytes)> StoreBigLogAsync(FolderObjectStore objects)
    {
        const long wanted = 1L << 30;
        if (!ObjectLocation.TryParse($"s3://{objects.DefaultBucket}/logs/large.log", out var location, out var reason))
            throw new InvalidOperationException(reason);
        var file = Path.GetTempFileName();
        long line = 0;
        await using (var output = new StreamWriter(file, append: false, new UTF8Encoding(false), 1 << 20))
        {
            for (long written = 0; written < wanted;)
            {
                var text = string.Create(CultureInfo.InvariantCulture, $"2026-11-25T02:00:00.000Z INFO  worker-{line % 16:D2} handled request {++line} in {line % 997} ms, status {(line % 1000 == 0 ? 500 : 200)}");
                await output.WriteLineAsync(text);
                written += text.Length + 1;
            }
        }

        var size = new FileInfo(file).Length;
        await objects.TakeFileAsync(location, file, "text/plain");
        return (location.ToString(), size);
    }
}

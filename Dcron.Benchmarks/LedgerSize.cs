using System.Diagnostics;
using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Ledger;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Tests;

namespace Dcron.Benchmarks;

/// <summary>How long <c>verify</c> takes over many executions, and what memory it needs: as much for a million as for a thousand.</summary>
internal static class LedgerSize
{
    private const int Jobs = 10;
    private const int Portion = 1000;

    public static async Task RunAsync(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        Figures.Title($"Ledger: verify over {count:N0} executions of {Jobs} jobs that fire each second");
        using var folder = new TempFolder();
        await using var store = new SqliteDocumentStore(folder.Of("dcron.db"), TimeSpan.FromSeconds(30));
        var (history, starts, versions) = (new ExecutionHistory(store), new StartHistory(store), new JobVersions(store));
        await store.EnsureCollectionAsync(JobCollections.JobsDefinition);
        await store.EnsureCollectionAsync(JobCollections.VersionsDefinition);
        var begin = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var recording = TimeSpan.Zero;
        for (var job = 0; job < Jobs; job++)
        {
            recording += await FillAsync(store, history, starts, versions, JobId.Parse($"job{job}"), begin, count / Jobs);
        }

        Figures.Row($"a start's record in the store, in bulks of {Portion}", $"{recording.TotalMicroseconds / count:F0} µs");
        foreach (var part in new[] { count / 100, count })
        {
            GC.Collect();
            var (started, peak) = (Stopwatch.GetTimestamp(), 0L);
            using var watch = new Timer(_ => peak = Math.Max(peak, Environment.WorkingSet), null, 0, 50);
            var report = await new LedgerVerifier(store, versions, TimeProvider.System).VerifyAsync(new LedgerQuery(begin.AddSeconds(1), begin.AddSeconds((part / Jobs) + 1)));
            Figures.Row($"{report.Executed:N0} executions, {report.Starts:N0} starts",
                $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s, {peak / 1048576} MiB at most, whole: {report.IsWhole}");
        }
    }

    /// <returns>How long the records of starts took.</returns>
    private static async Task<TimeSpan> FillAsync(
        SqliteDocumentStore store, ExecutionHistory history, StartHistory starts, JobVersions versions, JobId id, DateTimeOffset begin, int count)
    {
        var spec = new JobSpec { Time = "* * * * * *", ScriptType = "python", ScriptLocation = "s3://dcron/a.py" };
        var job = JobVersions.WithToken(JobPlanner.Create(new CreateJob(id, spec), null, begin) with { PlannedUpTo = begin.AddSeconds(count) });
        await versions.SaveAsync(job, null);
        await store.WriteAsync(JobCollections.Jobs, new Dcron.Storage.Documents.DocumentWrite.Create(
            id.Value, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(job, Grains.Json.DcronJson.Default.JobDocument)));
        var recording = TimeSpan.Zero;
        for (var from = 0; from < count; from += Portion)
        {
            var executions = Enumerable.Range(from + 1, Math.Min(Portion, count - from)).Select(second => Execution(ExecutionId.Scheduled(id, begin.AddSeconds(second)))).ToList();
            await history.CreateManyAsync(executions);
            var began = Stopwatch.GetTimestamp();
            await starts.WriteAsync(executions.ConvertAll(execution => new StartDocument
            {
                StartId = Guid.NewGuid().ToString("N"),
                ExecutionId = execution.ExecutionId,
                JobId = id,
                ExecutionDate = execution.ExecutionDate,
                WorkerId = execution.WorkerId!,
                ClaimToken = execution.ClaimToken!,
                StartedAt = execution.StartedAt!.Value,
            }));
            recording += Stopwatch.GetElapsedTime(began);
        }

        return recording;
    }

    private static ExecutionDocument Execution(ExecutionId id) => new()
    {
        ExecutionId = id,
        JobId = id.JobId,
        ExecutionDate = id.FireTime,
        ExecutionResult = ExecutionResult.Succeeded,
        ExitStatus = 0,
        WorkerId = "S127.0.0.1:11111:1",
        ClaimToken = "0011223344556677",
        ClaimedAt = id.FireTime.AddMilliseconds(20),
        StartedAt = id.FireTime.AddMilliseconds(40),
        FinishedAt = id.FireTime.AddMilliseconds(90),
    };
}

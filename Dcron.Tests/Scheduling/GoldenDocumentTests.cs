using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

/// <summary>
/// Documents as they were first stored. They must be readable for ever: when one of these tests fails, the code is wrong, not the file. A new
/// schema gets new files beside these.
/// </summary>
public sealed class GoldenDocumentTests
{
    private static readonly JobSpec FullSpec = new()
    {
        Time = "H 2 * * MON-FRI",
        ScriptType = "python",
        ScriptLocation = "s3://scripts/nightly/backup.py",
        Name = "nightly – naïve",
        Timezone = "Europe/Lisbon",
        Args = ["--full", "", "a b"],
        Env = new Dictionary<string, string> { ["LEVEL"] = "9", ["EMPTY"] = "" },
        TimeoutSeconds = 1.5,
        StartsAt = At("2026-01-01"),
        EndsAt = At("2027-01-01T00:00:00.250"),
        Enabled = true,
        Labels = new Dictionary<string, string> { ["team"] = "db" },
        WorkerSelector = new Dictionary<string, string> { ["disk"] = "ssd" },
        OverlapPolicy = OverlapPolicy.Skip,
        MisfirePolicy = MisfirePolicy.RunLatest,
    };

    private static readonly JobDocument FullJob = new()
    {
        JobId = Id,
        Version = 3,
        Spec = FullSpec,
        CreatedAt = At("2026-01-01T00:00:00.001"),
        UpdatedAt = At("2026-02-01T00:00:00.020"),
        PlannedUpTo = At("11:00:00.300"),
        WakeAt = At("11:01:00.300"),
        OpenSince = At("11:00:00.300"),
        Open =
        [
            new OwedLaunch(
                new ExecuteJob
                {
                    ExecutionId = Fired("11:00"),
                    JobId = Id,
                    JobName = FullSpec.Name,
                    JobVersion = 3,
                    ScriptType = "python",
                    ScriptLocation = FullSpec.ScriptLocation,
                    ScriptSha256 = new string('a', 64),
                    Args = FullSpec.Args,
                    Env = FullSpec.Env,
                    TimeoutSeconds = 1.5,
                    WorkerSelector = FullSpec.WorkerSelector,
                    Trigger = ExecutionTrigger.Schedule,
                },
                At("11:00:00.300")),
            new OwedLaunch(
                new ExecuteJob
                {
                    ExecutionId = ExecutionId.ManualRun(Id, At("10:59:30"), 2),
                    JobId = Id,
                    JobVersion = 3,
                    ScriptType = "python",
                    ScriptLocation = FullSpec.ScriptLocation,
                    Trigger = ExecutionTrigger.Manual,
                },
                At("11:00:00.400")),
        ],
        Unrecorded =
        [
            new PassedInstant(Fired("09:00"), ExecutionResult.Missed, "Too late."),
            new PassedInstant(Fired("10:00"), ExecutionResult.Skipped, "Still running."),
        ],
        ManualRuns = 2,
        KeyedRuns = [new KeyedRun("0123abcd", ExecutionId.ManualRun(Id, At("10:59:30"), 2))],
        Script = new ScriptPin(FullSpec.ScriptLocation, new string('a', 64), "etag-1"),
        DeletedAt = null,
        ListKey = "job1",
        ListFilter = "1\nnightly – naïve\nteam=db",
    };

    private static readonly ExecutionDocument FullExecution = new()
    {
        ExecutionId = ExecutionId.Parse("job1@20260301T105930Z.m2.a3"),
        JobId = Id,
        ExecutionDate = At("10:59:30"),
        ExecutionResult = ExecutionResult.TimedOut,
        ExitStatus = 137,
        Signal = "SIGKILL",
        Reason = "It ran longer than 1.5 s.",
        LogsPath = "s3://logs/job1/1.log",
        LogBytes = 12_345_678_901,
        WorkerId = "worker-1",
        Attempt = 3,
        Trigger = ExecutionTrigger.Retry,
        StartedAt = At("10:59:30.125"),
        FinishedAt = At("10:59:31.625"),
        ScriptSha256 = new string('a', 64),
        OpenOn = null,
        ClaimToken = "c1a1",
        JobVersion = 3,
        ClaimedAt = At("10:59:30.100"),
    };

    [Fact]
    public void A_job_of_schema_1_is_read_and_written() => Check("job-1-full.json", FullJob, DcronJson.Default.JobDocument);

    [Fact]
    public void A_new_job_of_schema_1_is_read_and_written() =>
        Check("job-1-new.json", JobPlanner.Create(new CreateJob(Id, Spec()), null, At("10:00")), DcronJson.Default.JobDocument);

    [Fact]
    public void A_tombstone_of_schema_1_is_read_and_written() => Check(
        "job-1-deleted.json",
        JobPlanner.Delete(JobPlanner.Create(new CreateJob(Id, Spec()), null, At("10:00")), At("11:00")).Job,
        DcronJson.Default.JobDocument);

    [Fact]
    public void A_final_execution_of_schema_1_is_read_and_written() => Check("execution-1-full.json", FullExecution, DcronJson.Default.ExecutionDocument);

    [Fact]
    public void A_running_execution_of_schema_1_is_read_and_written() => Check(
        "execution-1-running.json",
        new ExecutionDocument
        {
            ExecutionId = Fired("11:00"),
            JobId = Id,
            ExecutionDate = At("11:00"),
            ExecutionResult = ExecutionResult.Running,
            WorkerId = "worker-1",
            OpenOn = "worker-1",
            ClaimToken = "c1a1",
            Trigger = ExecutionTrigger.Schedule,
            JobVersion = 1,
            ClaimedAt = At("11:00:00.010"),
            StartedAt = At("11:00:00.050"),
        },
        DcronJson.Default.ExecutionDocument);

    [Fact]
    public void A_version_of_a_spec_is_read_and_written() =>
        Check("job-version-1.json", new JobVersionDocument(Id, 3, At("2026-02-01T00:00:00.020"), FullSpec), DcronJson.Default.JobVersionDocument);

    [Theory]
    [MemberData(nameof(Results))]
    public void Every_result_has_its_word(ExecutionResult result, string word)
    {
        var json = JsonSerializer.Serialize(FullExecution with { ExecutionResult = result }, DcronJson.Default.ExecutionDocument);

        Assert.Contains($"\"execution_result\":\"{word}\"", json, StringComparison.Ordinal);
        Assert.Equal(result, JsonSerializer.Deserialize(json, DcronJson.Default.ExecutionDocument)!.ExecutionResult);
    }

    [Fact]
    public void Every_result_is_in_the_table() => Assert.Equal(Enum.GetValues<ExecutionResult>().Length, Results.Count);

    public static TheoryData<ExecutionResult, string> Results { get; } = new()
    {
        { ExecutionResult.Queued, "queued" },
        { ExecutionResult.Running, "running" },
        { ExecutionResult.Succeeded, "succeeded" },
        { ExecutionResult.Failed, "failed" },
        { ExecutionResult.TimedOut, "timed_out" },
        { ExecutionResult.Cancelled, "cancelled" },
        { ExecutionResult.Lost, "lost" },
        { ExecutionResult.Skipped, "skipped" },
        { ExecutionResult.Missed, "missed" },
    };

    /// <summary>The file reads as the document, and the document is written as the file.</summary>
    private static void Check<T>(string file, T document, JsonTypeInfo<T> type)
    {
        var golden = File.ReadAllText(Path.Combine(Root(), "Dcron.Tests", "Scheduling", "Golden", file));

        Assert.Equivalent(document, JsonSerializer.Deserialize(golden, type), strict: true);
        Assert.Equal(Compact(golden), Compact(JsonSerializer.Serialize(document, type)));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Dcron.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside of the repository.");
        }

        return folder.FullName;
    }

    private static string Compact(string json)
    {
        using var parsed = JsonDocument.Parse(json);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            parsed.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dcron.Grains.Containing;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using Dcron.Grains.Secrets;
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

    private static readonly Dictionary<string, SecretReference> SomeSecrets = new()
    {
        ["DB_PASSWORD"] = new("db-password"),
        ["TLS_KEY"] = new("tls.key", AsFile: true),
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

    private static readonly JobDocument PoliciesJob = new()
    {
        JobId = Id,
        Version = 1,
        Spec = Spec() with
        {
            OverlapPolicy = OverlapPolicy.Queue,
            QueueLimit = 5,
            MisfirePolicy = MisfirePolicy.RunAll,
            StartingDeadlineSeconds = 600,
            JitterSeconds = 30.5,
            DstGap = DstGap.Skip,
            DstOverlap = DstOverlap.Second,
            Retries = new RetryPolicy
            {
                Count = 3,
                Backoff = RetryBackoff.Fixed,
                DelaySeconds = 2.5,
                MaxDelaySeconds = 20,
                Jitter = 0.5,
                OnExitCodes = [75],
                On = [ExecutionResult.Failed, ExecutionResult.Lost],
            },
        },
        CreatedAt = At("10:00"),
        UpdatedAt = At("10:00"),
        PlannedUpTo = At("12:00:00.300"),
        WakeAt = At("12:01:00.300"),
        OpenSince = At("11:00:00.300"),
        Open =
        [
            new OwedLaunch(
                new ExecuteJob
                {
                    ExecutionId = Fired("11:00").NextAttempt(),
                    JobId = Id,
                    JobVersion = 1,
                    ScriptType = "python",
                    ScriptLocation = "s3://scripts/a.py",
                    Trigger = ExecutionTrigger.Retry,
                    DueAt = At("11:00:12.500"),
                    RerunOf = ExecutionId.ManualRun(Id, At("09:00"), 1),
                    TzVersion = "2026a",
                    Offers = [new LaunchOffer("worker-1", At("11:00:00.350"), DeclineReason.Busy, "4 of 4 slots are taken")],
                    OffersLeftOut = 2,
                },
                At("11:00:00.300"))
            {
                ReplacedBy = Fired("12:00"),
            },
            new OwedLaunch(
                new ExecuteJob
                {
                    ExecutionId = ExecutionId.Backfilled(Id, At("08:00"), 2),
                    JobId = Id,
                    JobVersion = 1,
                    ScriptType = "python",
                    ScriptLocation = "s3://scripts/a.py",
                    Trigger = ExecutionTrigger.Backfill,
                },
                At("12:00:00.300"))
            {
                Waits = true,
            },
        ],
        ListKey = "job1",
        ListFilter = "1\n",
        BackfillCount = 2,
        Backfills =
        [
            new Backfill { Number = 1, From = At("06:00"), To = At("07:00"), DecidedUpTo = At("07:00"), RequestedAt = At("09:00"), EndedAt = At("09:10"), Cancelled = true },
            new Backfill { Number = 2, From = At("07:00"), To = At("09:00"), DecidedUpTo = At("08:00:00.001"), MaxConcurrent = 4, RequestedAt = At("09:00"), KeyHash = "0123abcd", Launched = 1, LeftOut = 1 },
        ],
    };

    private static readonly ExecutionDocument StoryExecution = new()
    {
        ExecutionId = ExecutionId.Parse("job1@20260301T100000Z.b2.a2"),
        JobId = Id,
        ExecutionDate = At("10:00"),
        ExecutionResult = ExecutionResult.Lost,
        Reason = "The worker that ran it went away.",
        LogsPath = "s3://logs/job1/2.log",
        LogBytes = 5,
        WorkerId = "worker-2",
        Attempt = 2,
        Trigger = ExecutionTrigger.Retry,
        StartedAt = At("11:00:00.125"),
        FinishedAt = At("11:02:00"),
        ScriptSha256 = new string('a', 64),
        ClaimToken = "c1a1",
        JobVersion = 3,
        ClaimedAt = At("11:00:00.100"),
        DueAt = At("11:00:00.050"),
        RerunOf = Fired("09:00"),
        Offers =
        [
            new LaunchOffer("worker-1", At("11:00:00.060"), DeclineReason.NoInterpreter, "no ruby"),
            new LaunchOffer("worker-3", At("11:00:00.070"), null, null),
        ],
        OffersLeftOut = 1,
        PlannedAt = At("10:59:48"),
        ClaimMilliseconds = 3.25,
        UploadedAt = At("11:03:00"),
        Provenance = new Provenance
        {
            InterpreterVersion = "3.12.4",
            InterpreterPath = "/usr/bin/python3",
            EnvironmentSha256 = new string('e', 64),
            Host = "node-2",
            NodeVersion = "0.2.0",
            TzVersion = "2026a",
        },
        Late = new LateResult(ExecutionResult.Failed, 3, null, At("11:01:00"), At("11:03:00")),
    };

    [Fact]
    public void A_job_of_schema_1_is_read_and_written() => Check("job-1-full.json", FullJob, DcronJson.Default.JobDocument);

    [Fact]
    public void A_new_job_of_schema_1_is_read_and_written() =>
        Check("job-1-new.json", JobPlanner.Create(new CreateJob(Id, Spec()), null, At("10:00")), DcronJson.Default.JobDocument);

    [Fact]
    public void A_tombstone_of_schema_1_is_read_and_written() => Check(
        "job-1-deleted.json",
        WithoutTzVersion(JobPlanner.Delete(JobPlanner.Create(new CreateJob(Id, Spec()), null, At("10:00")), At("11:00")).Job),
        DcronJson.Default.JobDocument);

    [Fact]
    public void A_final_execution_of_schema_1_is_read_and_written() => Check("execution-1-full.json", FullExecution, DcronJson.Default.ExecutionDocument);

    [Fact]
    public void A_final_execution_with_its_mark_for_the_index_is_read_and_written() =>
        Check("execution-1-unsuccessful.json", FullExecution with { UnsuccessfulAt = FullExecution.ExecutionDate }, DcronJson.Default.ExecutionDocument);

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
    public void A_job_with_policies_is_read_and_written() => Check("job-1-policies.json", PoliciesJob, DcronJson.Default.JobDocument);

    [Fact]
    public void An_execution_with_its_story_is_read_and_written() => Check("execution-1-story.json", StoryExecution, DcronJson.Default.ExecutionDocument);

    [Fact]
    public void A_claim_with_a_lease_is_read_and_written() => Check(
        "execution-1-claimed.json",
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
            LeaseSeconds = 90,
        },
        DcronJson.Default.ExecutionDocument);

    [Fact]
    public void A_version_of_a_spec_is_read_and_written() =>
        Check("job-version-1.json", new JobVersionDocument(Id, 3, At("2026-02-01T00:00:00.020"), FullSpec), DcronJson.Default.JobVersionDocument);

    [Fact]
    public void A_version_with_a_namespace_and_secrets_is_read_and_written() => Check(
        "job-version-1-access.json",
        new JobVersionDocument(Id, 3, At("2026-02-01T00:00:00.020"), FullSpec with { Namespace = "payments", Secrets = SomeSecrets }),
        DcronJson.Default.JobVersionDocument);

    [Fact]
    public void A_launch_with_limits_is_read_and_written() => Check(
        "launch-1-limits.json",
        WithoutTzVersion(JobPlanner.Plan(Created("10:00", Spec() with
        {
            Limits = new ScriptLimits { MemoryBytes = 536_870_912, Processes = 64, OpenFiles = 256, CpuSeconds = 60, FileSizeBytes = 1_073_741_824 },
            Network = false,
        }), At("11:00")).Job).Open[0].Launch,
        DcronJson.Default.ExecuteJob);

    [Fact]
    public void A_version_and_a_launch_with_marked_errors_are_read_and_written()
    {
        var spec = Spec() with { Stderr = StderrMode.Marked };
        Check("job-version-1-stderr.json", new JobVersionDocument(Id, 3, At("2026-02-01T00:00:00.020"), FullSpec with { Stderr = StderrMode.Marked }), DcronJson.Default.JobVersionDocument);
        Check("launch-1-stderr.json", WithoutTzVersion(JobPlanner.Plan(Created("10:00", spec), At("11:00")).Job).Open[0].Launch, DcronJson.Default.ExecuteJob);
    }

    [Fact]
    public void A_launch_with_a_limited_disk_is_read_and_written() => Check(
        "launch-1-disk.json",
        WithoutTzVersion(JobPlanner.Plan(Created("10:00", Spec() with { Limits = new ScriptLimits { DiskBytes = 268_435_456 } }), At("11:00")).Job).Open[0].Launch,
        DcronJson.Default.ExecuteJob);

    [Fact]
    public void A_launch_with_a_deadline_is_read_and_written()
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { StartingDeadlineSeconds = 600 }), At("11:00")).Job;
        Check("launch-1-deadline.json", WithoutTzVersion(job with { Open = [JobPlanner.ToOffer(job, job.Open[0])] }).Open[0].Launch, DcronJson.Default.ExecuteJob);
    }

    [Fact]
    public void An_execution_with_its_containment_is_read_and_written() => Check(
        "execution-1-contained.json",
        new ExecutionDocument
        {
            ExecutionId = Fired("11:00"),
            JobId = Id,
            ExecutionDate = At("11:00"),
            ExecutionResult = ExecutionResult.Succeeded,
            ExitStatus = 0,
            WorkerId = "worker-1",
            Trigger = ExecutionTrigger.Schedule,
            Containment = new ExecutionContainment
            {
                Sandbox = SandboxKind.Bubblewrap,
                User = UserKind.Own,
                UserId = 1_879_100_000,
                Network = false,
                LimitsBy = LimitKeeper.Cgroup,
                Limits = new ScriptLimits { MemoryBytes = 536_870_912, OpenFiles = 1024 },
            },
            Use = new ExecutionUse { CpuSeconds = 0.125, MemoryPeakBytes = 12_582_912 },
        },
        DcronJson.Default.ExecutionDocument);

    [Fact]
    public void A_launch_with_a_namespace_and_secrets_is_read_and_written() => Check(
        "launch-1-access.json",
        WithoutTzVersion(JobPlanner.Plan(Created("10:00", Spec() with { Namespace = "payments", Secrets = SomeSecrets }), At("11:00")).Job).Open[0].Launch,
        DcronJson.Default.ExecuteJob);

    [Fact]
    public void An_execution_with_a_namespace_is_read_and_written() => Check(
        "execution-1-access.json",
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
            Namespace = "payments",
        },
        DcronJson.Default.ExecutionDocument);

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

    // It is this machine's.
    private static JobDocument WithoutTzVersion(JobDocument job) =>
        job with { Open = [.. job.Open.Select(owed => owed with { Launch = owed.Launch with { TzVersion = null } })] };

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

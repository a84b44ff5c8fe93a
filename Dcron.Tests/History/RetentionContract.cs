using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using Dcron.Grains.Ledger;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.Folder;
using Dcron.Tests.Storage;
using Dcron.Tests.Storage.Documents;
using Dcron.Tests.Storage.Documents.CouchDb;
using Dcron.Tests.Storage.Documents.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.History;

public sealed class SqliteRetentionTests : RetentionContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

public sealed class CouchRetentionTests : RetentionContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>Months that are no longer kept go whole, never while something in them is open, and never come back.</summary>
public abstract class RetentionContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 3, 0, 0, TimeSpan.Zero);
    private static readonly JobId Job = JobId.New(Now);

    private readonly TempFolder _folder = new();
    private IDocumentStore _documents = null!;
    private FolderObjectStore _objects = null!;
    private ExecutionHistory _history = null!;
    private StartHistory _starts = null!;
    private Retention _retention = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        _documents = await OpenAsync();
        await _documents.EnsureCollectionAsync(JobCollections.JobsDefinition);
        _objects = new FolderObjectStore(_folder.Of("objects"), "dcron", TimeProvider.System);
        await _objects.EnsureReadyAsync();
        (_history, _starts) = (new ExecutionHistory(_documents), new StartHistory(_documents));
        _retention = With(months: 1);
        foreach (var month in new[] { 8, 9, 10, 11 })
        {
            Assert.NotNull(await _history.CreateAsync(Execution(At(month))));
            await _starts.WriteAsync([Start(At(month))]);
            await _objects.PutAsync(Log(month), new byte[1], "text/plain");
        }
    }

    public async Task DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Old_months_go_with_their_logs_and_starts()
    {
        Assert.Equal([8, 9], (await _retention.RunAsync()).Select(month => month.Month));

        Assert.Equal(["executions-2026-10", "executions-2026-11"], await _documents.ListCollectionsAsync("executions-"));
        Assert.Equal(["starts-2026-10", "starts-2026-11"], await _documents.ListCollectionsAsync("starts-"));
        var logs = await Task.WhenAll(new[] { 8, 9, 10, 11 }.Select(async month => await _objects.StatAsync(Log(month)) is not null));
        Assert.Equal([false, false, true, true], logs);
        Assert.Equal(new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), await new HistoryHorizon(_documents).ReadAsync());
        Assert.Empty(await _retention.RunAsync());
    }

    [SkippableFact]
    public async Task What_is_kept_for_ever_is()
    {
        Assert.Empty(await With(months: 0).RunAsync());

        Assert.Equal(4, (await _documents.ListCollectionsAsync("executions-")).Count);
        Assert.Equal(DateTimeOffset.MinValue, await new HistoryHorizon(_documents).ReadAsync());
    }

    [SkippableFact]
    public async Task A_month_with_an_owed_launch_stays_and_so_do_the_later_ones()
    {
        var job = JobPlanner.Create(new CreateJob(Job, new JobSpec { Time = "0 0 1 1 *", ScriptType = "python", ScriptLocation = "s3://dcron/x.py" }), null, At(7));
        var launch = new ExecuteJob { ExecutionId = ExecutionId.Scheduled(Job, At(8, day: 3)), JobId = Job, JobVersion = 1, ScriptType = "python", ScriptLocation = "s3://dcron/x.py", Trigger = ExecutionTrigger.Schedule };
        job = job with { Open = [new OwedLaunch(launch, Now)], OpenSince = Now };
        var written = await _documents.WriteAsync(JobCollections.Jobs, new DocumentWrite.Create(Job.Value, JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument)));

        Assert.Empty(await _retention.RunAsync());

        await _documents.WriteAsync(JobCollections.Jobs, new DocumentWrite.Delete(Job.Value, written.Revision()));
        Assert.Equal(2, (await _retention.RunAsync()).Count);
    }

    [SkippableFact]
    public async Task A_month_that_is_being_backfilled_stays()
    {
        var job = JobPlanner.Create(new CreateJob(Job, new JobSpec { Time = "0 0 * * *", ScriptType = "python", ScriptLocation = "s3://dcron/x.py" }), null, At(7));
        job = JobPlanner.RequestBackfill(job, new RequestBackfill(At(9), At(9, day: 4)), null, null, Now).Job;
        var written = await _documents.WriteAsync(JobCollections.Jobs, new DocumentWrite.Create(Job.Value, JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument)));

        Assert.Equal([8], (await _retention.RunAsync()).Select(month => month.Month)); // nothing is open yet, and will be

        job = JobPlanner.CancelBackfill(job, 1, Now).Job;
        await _documents.WriteAsync(JobCollections.Jobs, new DocumentWrite.Replace(Job.Value, written.Revision(), JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument)));
        Assert.Equal([9], (await _retention.RunAsync()).Select(month => month.Month));
    }

    [SkippableFact]
    public async Task A_month_with_a_running_execution_stays()
    {
        var running = Execution(At(9, day: 4)) with { ExecutionResult = ExecutionResult.Running, OpenOn = "worker" };
        var revision = await _history.CreateAsync(running);

        Assert.Equal([8], (await _retention.RunAsync()).Select(month => month.Month));

        await _history.ReplaceAsync(running with { ExecutionResult = ExecutionResult.Succeeded, OpenOn = null }, revision!);
        Assert.Equal([9], (await _retention.RunAsync()).Select(month => month.Month));
    }

    [SkippableFact]
    public async Task Nothing_that_was_dropped_is_created_again_by_whichever_process()
    {
        // A process that has used the month before, one that has not, and a result that comes too late.
        var fresh = new ExecutionHistory(_documents);
        var stored = await _history.FindAsync(ExecutionId.Scheduled(Job, At(8)));
        await new Retention(_documents, _objects, fresh, Options.Create(new HistoryOptions { RetentionMonths = 1 }), new FakeTimeProvider(Now), NullLogger<Retention>.Instance).RunAsync();

        Assert.Null(await _history.CreateAsync(Execution(At(8, day: 9))));
        Assert.Null(await new ExecutionHistory(_documents).CreateAsync(Execution(At(8, day: 9))));
        Assert.Equal([false, false, true], await _history.CreateManyAsync([Execution(At(8, day: 9)), Execution(At(9, day: 9)), Execution(At(10, day: 9))]));
        Assert.Null(await _history.ReplaceAsync(stored!.Execution with { ExitStatus = 1 }, stored.Revision));
        Assert.Null(await _history.FindAsync(stored.Execution.ExecutionId));
        await new StartHistory(_documents).WriteAsync([Start(At(8, day: 9)), Start(At(10, day: 9))]);
        Assert.Equal(["executions-2026-10", "executions-2026-11"], await _documents.ListCollectionsAsync("executions-"));
        Assert.Equal(["starts-2026-10", "starts-2026-11"], await _documents.ListCollectionsAsync("starts-"));
    }

    [SkippableFact]
    public async Task An_interrupted_drop_is_finished_by_the_next_run()
    {
        await _history.Horizon.AdvanceAsync(At(10, day: 1)); // saved, and then the leader died
        await _documents.DropCollectionAsync("starts-2026-08");

        Assert.Equal(2, (await _retention.RunAsync()).Count);

        Assert.Equal(["executions-2026-10", "executions-2026-11"], await _documents.ListCollectionsAsync("executions-"));
    }

    private static DateTimeOffset At(int month, int day = 2) => new(2026, month, day, 0, 0, 0, TimeSpan.Zero);

    private static ObjectLocation Log(int month) => ObjectLocation.Of("dcron", $"logs/2026/{month:D2}/02/00/some.log");

    private static StartDocument Start(DateTimeOffset fireTime) => new()
    {
        StartId = Guid.NewGuid().ToString("N"),
        ExecutionId = ExecutionId.Scheduled(Job, fireTime),
        JobId = Job,
        ExecutionDate = fireTime,
        WorkerId = "worker",
        ClaimToken = "token",
        StartedAt = fireTime,
    };

    private static ExecutionDocument Execution(DateTimeOffset fireTime) => new()
    {
        ExecutionId = ExecutionId.Scheduled(Job, fireTime),
        JobId = Job,
        ExecutionDate = fireTime,
        ExecutionResult = ExecutionResult.Succeeded,
    };

    private Retention With(int months) => new(
        _documents, _objects, _history, Options.Create(new HistoryOptions { RetentionMonths = months }), new FakeTimeProvider(Now), NullLogger<Retention>.Instance);
}

using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Json;
using Dcron.Grains.Ledger;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Tests.Scheduling;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Ledger;

/// <summary>A real store with a job in it that has run each hour of 1 March 2026, in order; tests spoil it.</summary>
internal sealed class LedgerStore : IAsyncDisposable
{
    public static readonly DateTimeOffset Born = SomeJob.At("2026-02-28T23:30:00");
    public static readonly DateTimeOffset From = SomeJob.At("00:00:00");
    public static readonly DateTimeOffset To = SomeJob.At("2026-03-02T00:00:00");

    private const string Worker = "S127.0.0.1:11111:1";

    private readonly TempFolder _folder = new();
    private readonly SqliteDocumentStore _store;
    private readonly JobVersions _versions;

    private LedgerStore()
    {
        _store = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(5));
        (_versions, History, Starts) = (new JobVersions(_store), new ExecutionHistory(_store), new StartHistory(_store));
    }

    public IDocumentStore Documents => _store;

    public ExecutionHistory History { get; }

    public StartHistory Starts { get; }

    public FakeTimeProvider Clock { get; } = new(To.AddHours(1));

    public JobDocument Job { get; private set; } = null!;

    public static async Task<LedgerStore> CreateAsync(JobSpec? spec = null, bool filled = true)
    {
        var made = new LedgerStore();
        await made._store.EnsureCollectionAsync(JobCollections.JobsDefinition);
        await made._store.EnsureCollectionAsync(JobCollections.VersionsDefinition);
        await made.History.PrepareMonthAsync(Born);
        made.Job = JobVersions.WithToken(SomeJob.Created("2026-02-28T23:30:00", spec) with { PlannedUpTo = To });
        await made._versions.SaveAsync(made.Job, null);
        await made.SaveAsync(made.Job);
        for (var hour = 0; filled && hour < 24; hour++)
        {
            await made.RanAsync(From.AddHours(hour));
        }

        return made;
    }

    public async Task SaveAsync(JobDocument job)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(job, DcronJson.Default.JobDocument);
        var stored = await _store.GetAsync(JobCollections.Jobs, job.JobId.Value);
        Assert.IsType<WriteResult.Written>(await _store.WriteAsync(JobCollections.Jobs,
            stored is null ? new DocumentWrite.Create(job.JobId.Value, body) : new DocumentWrite.Replace(job.JobId.Value, stored.Revision, body)));
        Job = job;
    }

    /// <summary>A change as the job's grain makes it: the version first.</summary>
    public async Task ChangeAsync(Func<JobDocument, JobChange> decide)
    {
        var change = decide(Job);
        var changed = change.Job.Version == Job.Version ? change.Job : JobVersions.WithToken(change.Job);
        if (changed.Version != Job.Version)
        {
            await _versions.SaveAsync(changed, Job.VersionToken);
        }

        await SaveAsync(changed);
    }

    /// <summary>Removes a deleted job for good.</summary>
    public async Task BuryAsync()
    {
        await _versions.CloseAsync(Job);
        await _store.WriteAsync(JobCollections.Jobs, new DocumentWrite.Delete(Job.JobId.Value, (await _store.GetAsync(JobCollections.Jobs, Job.JobId.Value))!.Revision));
    }

    public async Task RanAsync(DateTimeOffset fireTime, Func<ExecutionDocument, ExecutionDocument>? with = null, bool started = true)
    {
        var execution = Execution(ExecutionId.Scheduled(SomeJob.Id, fireTime));
        execution = with?.Invoke(execution) ?? execution;
        Assert.NotNull(await History.CreateAsync(execution));
        if (started)
        {
            await Starts.WriteAsync([StartOf(execution)]);
        }
    }

    public static ExecutionDocument Execution(ExecutionId id) => new()
    {
        ExecutionId = id,
        JobId = id.JobId,
        ExecutionDate = id.FireTime,
        ExecutionResult = ExecutionResult.Succeeded,
        ExitStatus = 0,
        WorkerId = Worker,
        ClaimToken = "aa",
        Attempt = id.Attempt,
        Trigger = id.IsScheduled ? ExecutionTrigger.Schedule : ExecutionTrigger.Manual,
        StartedAt = id.FireTime.AddMilliseconds(40),
        FinishedAt = id.FireTime.AddSeconds(2),
    };

    public static StartDocument StartOf(ExecutionDocument execution, string token = "aa") => new()
    {
        StartId = Guid.NewGuid().ToString("N"),
        ExecutionId = execution.ExecutionId,
        JobId = execution.JobId,
        ExecutionDate = execution.ExecutionDate,
        WorkerId = Worker,
        ClaimToken = token,
        StartedAt = execution.StartedAt ?? execution.ExecutionDate,
    };

    public async Task RemoveAsync(ExecutionId id)
    {
        var stored = (await History.FindAsync(id))!;
        await _store.WriteAsync(JobCollections.ExecutionsOf(id), new DocumentWrite.Delete(id.ToString(), stored.Revision));
    }

    public async Task ReplaceAsync(ExecutionId id, Func<ExecutionDocument, ExecutionDocument> change)
    {
        var stored = (await History.FindAsync(id))!;
        Assert.NotNull(await History.ReplaceAsync(change(stored.Execution), stored.Revision));
    }

    public async Task<LedgerReport> VerifyAsync(Func<LedgerQuery, LedgerQuery>? with = null)
    {
        var query = new LedgerQuery(From, To);
        return await new LedgerVerifier(_store, _versions, Clock).VerifyAsync(with?.Invoke(query) ?? query);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }
}

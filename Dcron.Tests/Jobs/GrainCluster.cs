using Dcron.Grains;
using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scripts;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.Folder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.TestingHost;

namespace Dcron.Tests.Jobs;

/// <summary>The real grains over real embedded stores, without a worker, by a clock that the test turns.</summary>
public sealed class GrainCluster : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private SqliteDocumentStore _sqlite = null!;
    private InProcessTestCluster _cluster = null!;
    private int _workers;

    /// <summary>Starts at a whole minute, far from the wall clock.</summary>
    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 29, 0, 30, 0, TimeSpan.Zero));

    internal FaultyDocumentStore Documents { get; private set; } = null!;

    internal ExecutionHistory History { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _sqlite = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(5));
        Documents = new FaultyDocumentStore(_sqlite);
        History = new ExecutionHistory(Documents);
        var objects = new FolderObjectStore(_folder.Of("objects"), "dcron", TimeProvider.System);
        await objects.EnsureReadyAsync();
        await Documents.EnsureCollectionAsync(JobCollections.JobsDefinition);
        await Documents.EnsureCollectionAsync(JobCollections.VersionsDefinition);
        await Documents.EnsureCollectionAsync(JobCollections.NamesDefinition);
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddKeyedSingleton<TimeProvider>(DcronClock.Key, Clock);
            silo.Services.AddSingleton<IDocumentStore>(Documents);
            silo.Services.AddSingleton<IObjectStore>(objects);
            silo.Services.AddSingleton(History);
            silo.Services.AddSingleton<JobVersions>();
            silo.Services.AddSingleton<ScriptPinner>();
            silo.UseInMemoryReminderService();
            silo.AddDcronGrains();
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _sqlite.DisposeAsync();
        _folder.Dispose();
    }

    internal IJobGrain Job(JobId id) => _cluster.Client.GetGrain<IJobGrain>(id.Value);

    /// <summary>Claims an owed launch as a worker would, and never ends it.</summary>
    /// <param name="launch">The launch.</param>
    /// <param name="workerId">Null for one of its own: no member of the cluster, and not known to be gone.</param>
    internal async Task ClaimAsync(ExecuteJob launch, string? workerId = null)
    {
        workerId ??= $"127.0.0.1:1@{++_workers}";
        Assert.NotNull(await History.CreateAsync(new ExecutionDocument
        {
            ExecutionId = launch.ExecutionId,
            JobId = launch.JobId,
            ExecutionDate = launch.ExecutionId.FireTime,
            ExecutionResult = ExecutionResult.Running,
            WorkerId = workerId,
            OpenOn = workerId,
            ClaimedAt = Clock.GetUtcNow(),
            JobVersion = launch.JobVersion,
            LeaseSeconds = 10,
        }));
    }

    /// <summary>A singleton of the silo.</summary>
    internal T Service<T>()
        where T : notnull => _cluster.GetSiloServiceProvider().GetRequiredService<T>();

    internal async Task<(JobId Id, IJobGrain Grain)> CreateAsync(string time, Func<JobSpec, JobSpec>? with = null)
    {
        var id = JobId.New(Clock.GetUtcNow());
        var spec = new JobSpec { Time = time, ScriptType = "python", ScriptLocation = "s3://dcron/some.py" };
        Assert.IsType<JobAnswer.Found>(await Job(id).Create(new CreateJob(id, with?.Invoke(spec) ?? spec)));
        return (id, Job(id));
    }

    /// <summary>Closes an owed launch as a worker would.</summary>
    internal async Task FinishAsync(IJobGrain job, ExecuteJob launch, ExecutionResult result = ExecutionResult.Succeeded, bool told = true)
    {
        var created = await History.CreateAsync(new ExecutionDocument
        {
            ExecutionId = launch.ExecutionId,
            JobId = launch.JobId,
            ExecutionDate = launch.ExecutionId.FireTime,
            ExecutionResult = result,
            ExitStatus = result == ExecutionResult.Succeeded ? 0 : null,
            ScriptSha256 = new string('a', 64),
            JobVersion = launch.JobVersion,
            FinishedAt = Clock.GetUtcNow(),
        });
        Assert.NotNull(created);
        if (told)
        {
            await job.Finished(launch.ExecutionId, null);
        }
    }
}

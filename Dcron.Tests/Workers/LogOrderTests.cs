using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Workers;
using Dcron.Tests.Jobs;
using Dcron.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Workers;

/// <summary>A result comes after its log, but does not wait for an object store that is away.</summary>
public sealed class LogOrderTests(GrainCluster cluster) : IClassFixture<GrainCluster>, IDisposable
{
    private const string Waits = "The log waits on its worker until the object store takes it.";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CountingObjects _objects = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_that_takes_logs_has_the_log_before_the_result_is_told()
    {
        var taken = new TaskCompletionSource();
        _objects.FileGate = taken.Task;
        var (claim, publishing) = await PublishAsync();
        await UntilAsync(() => Task.FromResult(_objects.Asked > 0));
        Assert.Equal(ExecutionResult.Running, (await FindAsync(claim)).ExecutionResult);

        taken.SetResult();
        await publishing.WaitAsync(Patience);

        var told = await FindAsync(claim);
        Assert.Equal((ExecutionResult.Succeeded, null), (told.ExecutionResult, told.Reason));
        Assert.NotNull(told.LogsPath);
        Assert.Equal(_time.Start, _time.GetUtcNow());
    }

    [Fact]
    public async Task A_store_that_refuses_a_log_holds_up_its_result_for_no_time_at_all()
    {
        _objects.IsOutOfReach = true;
        var (claim, publishing) = await PublishAsync();
        await UntilAsync(async () => (await FindAsync(claim)).ExecutionResult == ExecutionResult.Succeeded);
        Assert.Equal(_time.Start, _time.GetUtcNow());
        Assert.Equal((null, Waits), ((await FindAsync(claim)).LogsPath, (await FindAsync(claim)).Reason));

        _objects.IsOutOfReach = false;
        await WithTimeUntilAsync(publishing);

        var told = await FindAsync(claim);
        Assert.Equal((ExecutionResult.Succeeded, null), (told.ExecutionResult, told.Reason));
        Assert.NotNull(told.LogsPath);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_holds_up_a_result_only_so_long()
    {
        Assert.InRange(OutcomeWriter.LogPatience, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var taken = new TaskCompletionSource();
        _objects.FileGate = taken.Task;
        var (claim, publishing) = await PublishAsync();
        await WithTimeUntilAsync(UntilAsync(async () => (await FindAsync(claim)).ExecutionResult == ExecutionResult.Succeeded));
        Assert.Equal((null, Waits), ((await FindAsync(claim)).LogsPath, (await FindAsync(claim)).Reason));

        taken.SetResult();
        await WithTimeUntilAsync(publishing);
        Assert.NotNull((await FindAsync(claim)).LogsPath);
    }

    private async Task<ExecutionDocument> FindAsync(StoredExecution claim) => (await cluster.History.GetAsync(claim.Execution.ExecutionId))!;

    private async Task WithTimeUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        await task;
    }

    private static Task UntilAsync(Func<Task<bool>> isSo) => Task.Run(async () =>
    {
        while (!await isSo())
            await Task.Yield();
    }).WaitAsync(Patience);

    private async Task<(StoredExecution Claim, Task Publishing)> PublishAsync()
    {
        var now = cluster.Clock.GetUtcNow();
        var id = ExecutionId.Scheduled(JobId.New(now), now);
        var launch = new ExecuteJob { ExecutionId = id, JobId = id.JobId, JobVersion = 1, ScriptType = "python", ScriptLocation = "s3://dcron/a.py", Trigger = ExecutionTrigger.Schedule };
        var claim = ClaimDocument.Of(launch, "127.0.0.1:1@1", "token") with { OpenOn = "127.0.0.1:1@1", ClaimedAt = now };
        var stored = new StoredExecution(claim, (await cluster.History.CreateAsync(claim))!);
        var entry = new Spool(_folder.Of("spool"), 1).Create(new SpooledClaim(launch, claim.WorkerId!, claim.ClaimToken!));
        await File.WriteAllTextAsync(entry.LogPath, "hello\n");
        var outcomes = new OutcomeWriter(cluster.History, _objects, cluster.Service<IGrainFactory>(), _time, NullLogger<OutcomeWriter>.Instance);
        return (stored, outcomes.PublishAsync(entry, claim with { ExecutionResult = ExecutionResult.Succeeded, ExitStatus = 0, FinishedAt = now, OpenOn = null }, stored.Revision));
    }
}

using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Workers;
using Dcron.Storage.Objects;
using Dcron.Tests.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dcron.Tests.Workers;

/// <summary>What a worker tells of an execution that was closed as lost meanwhile.</summary>
public sealed class LateResultTests(GrainCluster cluster) : IClassFixture<GrainCluster>, IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ExecutionResult.Failed)]
    [InlineData(ExecutionResult.Succeeded)]
    public async Task A_result_that_comes_after_lost_is_kept_beside_it_with_its_log(ExecutionResult result)
    {
        var claim = await ClaimAsync();
        var lost = LostExecution.Of(claim.Execution, cluster.Clock.GetUtcNow());
        Assert.NotNull(await cluster.History.ReplaceAsync(lost, claim.Revision));

        var told = await PublishAsync(claim, result);

        Assert.Equal((ExecutionResult.Lost, null, lost.Reason), (told.ExecutionResult, told.ExitStatus, told.Reason));
        Assert.Equal((result, 3), (told.Late!.Result, told.Late.ExitStatus));
        Assert.NotNull(told.LogsPath);
        Assert.NotNull(told.UploadedAt);
        Assert.True(ObjectLocation.TryParse(told.LogsPath, out var location, out _));
        Assert.NotNull(await cluster.Service<IObjectStore>().StatAsync(location));
    }

    [Fact]
    public async Task A_loss_that_its_worker_tells_of_afterwards_ended_when_it_was_closed()
    {
        var claim = await ClaimAsync();
        var lost = LostExecution.Of(claim.Execution, cluster.Clock.GetUtcNow());
        Assert.NotNull(await cluster.History.ReplaceAsync(lost, claim.Revision));
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));

        var told = await PublishAsync(claim, ExecutionResult.Lost);

        Assert.Equal((UtcTime.ToMilliseconds(lost.FinishedAt!.Value), "Its own.", null), (told.FinishedAt!.Value, told.Reason, told.Late));
        Assert.NotNull(told.LogsPath);
    }

    [Fact]
    public async Task What_another_has_decided_is_never_overwritten()
    {
        var claim = await ClaimAsync();
        Assert.NotNull(await cluster.History.ReplaceAsync(claim.Execution with { ExecutionResult = ExecutionResult.Succeeded, OpenOn = null }, claim.Revision));

        var told = await PublishAsync(claim, ExecutionResult.Failed);

        Assert.Equal((ExecutionResult.Succeeded, null), (told.ExecutionResult, told.Late));
    }

    [Fact]
    public async Task A_result_in_time_is_not_late()
    {
        var claim = await ClaimAsync();

        var told = await PublishAsync(claim, ExecutionResult.Failed);

        Assert.Equal((ExecutionResult.Failed, 3, null), (told.ExecutionResult, told.ExitStatus, told.Late));
    }

    private async Task<StoredExecution> ClaimAsync()
    {
        var id = ExecutionId.Scheduled(JobId.New(cluster.Clock.GetUtcNow()), cluster.Clock.GetUtcNow());
        var claim = ClaimDocument.Of(LaunchOf(id), "127.0.0.1:1@1", "token") with { OpenOn = "127.0.0.1:1@1", ClaimedAt = cluster.Clock.GetUtcNow() };
        return new StoredExecution(claim, (await cluster.History.CreateAsync(claim))!);
    }

    private async Task<ExecutionDocument> PublishAsync(StoredExecution claim, ExecutionResult result)
    {
        using var spool = new Spool(_folder.Of("spool"), 1);
        using var outcomes = new OutcomeWriter(cluster.History, cluster.Service<IObjectStore>(), cluster.Service<IGrainFactory>(), TimeProvider.System, NullLogger<OutcomeWriter>.Instance);
        var entry = spool.Create(new SpooledClaim(LaunchOf(claim.Execution.ExecutionId), claim.Execution.WorkerId!, claim.Execution.ClaimToken!));
        await File.WriteAllTextAsync(entry.LogPath, "hello\n");
        var outcome = claim.Execution with { ExecutionResult = result, ExitStatus = 3, Reason = "Its own.", FinishedAt = cluster.Clock.GetUtcNow(), OpenOn = null };
        await outcomes.PublishAsync(entry, outcome, claim.Revision);
        return (await cluster.History.GetAsync(claim.Execution.ExecutionId))!;
    }

    private static ExecuteJob LaunchOf(ExecutionId id) =>
        new() { ExecutionId = id, JobId = id.JobId, JobVersion = 1, ScriptType = "python", ScriptLocation = "s3://dcron/a.py", Trigger = ExecutionTrigger.Schedule };
}

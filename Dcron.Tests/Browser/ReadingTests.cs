using Dcron.Api.Access;
using Dcron.Api.Console.Reading;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Tests.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Browser;

/// <summary>What the pages count and look up.</summary>
public sealed class ReadingTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 10, 30, 0, TimeSpan.Zero);
    private ApiNode _node = null!;
    private ExecutionHistory _history = null!;

    public async Task InitializeAsync()
    {
        _node = await ApiNode.StartAsync("--Dcron:Worker:Enabled", "false");
        _history = _node.Services.GetRequiredService<ExecutionHistory>();
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task The_last_day_is_counted_by_hour_over_the_turn_of_a_month()
    {
        var time = new FakeTimeProvider(Now);
        using var counter = new DayCounter(_history, _node.Services.GetRequiredService<JobOwners>(), time);
        await AddAsync(Now.AddHours(-23), ExecutionResult.Succeeded);
        await AddAsync(Now.AddHours(-12), ExecutionResult.Failed);
        await AddAsync(Now.AddHours(-12).AddMinutes(1), ExecutionResult.Skipped);
        await AddAsync(Now.AddHours(-24), ExecutionResult.Failed);
        var day = await counter.CountAsync(NamespaceScope.All, default);
        Assert.Equal((1, 1, 1, true, 24), (day.Succeeded, day.Unsuccessful, day.Other, day.IsWhole, day.Hours.Count));
        Assert.Equal(1, day.Hours[^13].Unsuccessful);

        await AddAsync(Now, ExecutionResult.Lost);
        Assert.Equal(1, (await counter.CountAsync(NamespaceScope.All, default)).Unsuccessful);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, (await counter.CountAsync(NamespaceScope.All, default)).Unsuccessful);
    }

    [Fact]
    public async Task What_did_not_go_well_is_found_among_what_did_and_what_the_index_needs_is_seen_by_nobody()
    {
        var failed = await AddAsync(Now.AddDays(-2), ExecutionResult.Failed);
        var missed = await AddAsync(Now.AddHours(-1), ExecutionResult.Missed);
        for (var i = 0; i < 20; i++)
            await AddAsync(Now.AddMinutes(-i), ExecutionResult.Succeeded);
        Assert.Equal([missed, failed], (await _history.UnsuccessfulAsync(Now.AddDays(-3), 10)).Select(execution => execution.ExecutionId));
        Assert.Equal([missed], (await _history.UnsuccessfulAsync(Now.AddDays(-1), 10)).Select(execution => execution.ExecutionId));
        Assert.Equal([failed], (await _history.PageAsync(new GetJobExecutions(null, ExecutionResult.Failed))).Executions.Select(execution => execution.ExecutionId));
        Assert.Null((await _history.GetAsync(failed))!.UnsuccessfulAt);
        Assert.Equal([ExecutionResult.Failed], (await _history.LastOfAsync(failed.JobId, 30)).Select(glance => glance.Result));
    }

    [Fact]
    public async Task A_forecast_counts_every_minute_of_the_week_and_finds_the_crowded_ones()
    {
        using var api = _node.Client();
        await api.CreateAsync(more: new { time = "0 3 * * *", name = "one" });
        await api.CreateAsync(more: new { time = "0 3 * * *", name = "two", timezone = "Europe/Lisbon" });
        await api.CreateAsync(more: new { time = "*/30 * * * *", name = "three" });
        await api.CreateAsync(more: new { time = "* * * * *", name = "paused", enabled = false });
        var time = new FakeTimeProvider(Now);
        var forecaster = new Forecaster(
            _node.Services.GetRequiredService<StoredJobs>(), _history, time, _node.Services.GetRequiredService<IHostApplicationLifetime>(), NullLogger<Forecaster>.Instance);
        var forecast = await forecaster.MakeAsync(NamespaceScope.All, default);
        var three = new DateTimeOffset(2026, 3, 2, 3, 0, 0, TimeSpan.Zero);
        Assert.Equal((3, 0, 4, 3, 1, 0), (forecast.Jobs, forecast.JobsLeftOut, forecast.Hour(three).Runs, forecast.At(three), forecast.At(three.AddMinutes(30)), forecast.At(three.AddMinutes(1))));
        Assert.Equal((7 * 48) + 14, forecast.Runs.Sum());
        Assert.Equal(7, forecast.Crowded.Count);
        Assert.All(forecast.Crowded, minute => Assert.Equal(["one", "three", "two"], minute.Titles.Order(StringComparer.Ordinal)));

        // A look does not wait: it sets one going.
        Assert.Null(forecaster.Look(NamespaceScope.All));
    }

    private async Task<ExecutionId> AddAsync(DateTimeOffset fireTime, ExecutionResult result)
    {
        var id = ExecutionId.Scheduled(JobId.New(TimeProvider.System.GetUtcNow()), fireTime);
        await _history.CreateAsync(new ExecutionDocument { ExecutionId = id, JobId = id.JobId, ExecutionDate = id.FireTime, ExecutionResult = result });
        return id;
    }
}

using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;

namespace Dcron.Tests.Jobs;

/// <summary>The policies through the job grain's shell: what is owed when, and which documents tell of it.</summary>
public sealed class PolicyGrainTests : IClassFixture<GrainCluster>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly GrainCluster _cluster;

    /// <summary>Each test begins at half past an hour.</summary>
    public PolicyGrainTests(GrainCluster cluster)
    {
        _cluster = cluster;
        var now = cluster.Clock.GetUtcNow();
        cluster.Clock.AdjustTime(new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddHours(now.Hour + 1.5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_execution_is_owed_again_under_its_next_name_after_its_delay(bool told)
    {
        var (id, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { Retries = new RetryPolicy { Count = 1, DelaySeconds = 20 }, EndsAt = _cluster.Clock.GetUtcNow() + (1.5 * Minute) });
        _cluster.Clock.Advance(Minute);
        var first = Assert.Single((await job.Wake()).Owed).Launch;
        await _cluster.FinishAsync(job, first, ExecutionResult.Failed, told);
        Assert.Empty((await job.Wake()).Owed);
        _cluster.Clock.Advance(TimeSpan.FromSeconds(19));
        Assert.Empty((await job.Wake()).Owed);
        _cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = Assert.Single((await job.Wake()).Owed).Launch;
        Assert.Equal((first.ExecutionId.NextAttempt(), ExecutionTrigger.Retry), (second.ExecutionId, second.Trigger));
        await _cluster.FinishAsync(job, second, ExecutionResult.Failed, told);
        await job.Wake();
        _cluster.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty((await job.Wake()).Owed);
        Assert.Equal([2, 1], (await job.GetExecutions(new GetJobExecutions(id))).Executions.Select(execution => execution.ExecutionId.Attempt).OrderDescending());
    }

    [Fact]
    public async Task What_waits_in_the_queue_is_owed_when_the_one_before_has_ended()
    {
        var (id, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { OverlapPolicy = OverlapPolicy.Queue });
        _cluster.Clock.Advance(Minute);
        var first = Assert.Single((await job.Wake()).Owed).Launch;
        _cluster.Clock.Advance(Minute);
        Assert.Equal(first.ExecutionId, Assert.Single((await job.Wake()).Owed).Launch.ExecutionId);
        var waiting = (await job.GetExecutions(new GetJobExecutions(id))).Executions[0];
        Assert.Equal((ExecutionResult.Queued, "It waits until the executions of the same job before it are over."), (waiting.ExecutionResult, waiting.Reason));
        await _cluster.FinishAsync(job, first);
        Assert.Equal(waiting.ExecutionId, Assert.Single((await job.Wake()).Owed).Launch.ExecutionId);
        await job.Delete();
    }

    [Fact]
    public async Task A_launch_that_nobody_has_claimed_is_replaced_and_recorded_as_skipped()
    {
        var (_, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { OverlapPolicy = OverlapPolicy.Replace });
        _cluster.Clock.Advance(Minute);
        var first = Assert.Single((await job.Wake()).Owed).Launch;
        _cluster.Clock.Advance(Minute);
        var second = Assert.Single((await job.Wake()).Owed).Launch;
        Assert.Equal(first.ExecutionId.FireTime + Minute, second.ExecutionId.FireTime);
        var replaced = (await _cluster.History.GetAsync(first.ExecutionId))!;
        Assert.Equal((ExecutionResult.Skipped, $"{second.ExecutionId} of the same job took its place (overlap policy replace)."), (replaced.ExecutionResult, replaced.Reason));
        await job.Delete();
    }

    [Fact]
    public async Task A_launch_that_runs_is_replaced_only_when_it_has_ended()
    {
        var (_, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { OverlapPolicy = OverlapPolicy.Replace });
        _cluster.Clock.Advance(Minute);
        var first = Assert.Single((await job.Wake()).Owed).Launch;
        await _cluster.ClaimAsync(first);
        _cluster.Clock.Advance(Minute);
        Assert.Empty((await job.Wake()).Owed);
        _cluster.Clock.Advance(TimeSpan.FromSeconds(16)); // its worker is no member of the cluster, and its scripts' lease is over
        Assert.Equal(first.ExecutionId.FireTime + Minute, Assert.Single((await job.Wake()).Owed).Launch.ExecutionId.FireTime);
        Assert.Equal(ExecutionResult.Lost, (await _cluster.History.GetAsync(first.ExecutionId))!.ExecutionResult);
        await job.Delete();
    }

    [Fact]
    public async Task A_launch_that_nobody_takes_is_missed_at_its_deadline_and_one_that_is_taken_is_not()
    {
        var (_, job) = await _cluster.CreateAsync("*/2 * * * *", spec => spec with { StartingDeadlineSeconds = 30 });
        _cluster.Clock.Advance(2 * Minute);
        var first = Assert.Single((await job.Wake()).Owed).Launch;
        Assert.Equal(first.ExecutionId.FireTime.AddSeconds(30), first.ClaimBefore);
        _cluster.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty((await job.Wake()).Owed);
        var missed = (await _cluster.History.GetAsync(first.ExecutionId))!;
        Assert.Equal((ExecutionResult.Missed, "No worker had taken it 30 s after it was due (starting_deadline_seconds)."), (missed.ExecutionResult, missed.Reason));
        _cluster.Clock.Advance(TimeSpan.FromSeconds(90));
        var second = Assert.Single((await job.Wake()).Owed).Launch;
        await _cluster.ClaimAsync(second);
        _cluster.Clock.Advance(TimeSpan.FromSeconds(30));
        await job.Wake();
        Assert.Equal(ExecutionResult.Running, (await _cluster.History.GetAsync(second.ExecutionId))!.ExecutionResult);
        await job.Delete();
    }

    [Fact]
    public async Task A_backfill_runs_what_has_not_succeeded_one_at_a_time_and_is_over_then()
    {
        var (id, job) = await _cluster.CreateAsync("0 * * * *", spec => spec with { Enabled = false });
        var to = _cluster.Clock.GetUtcNow();
        var asked = new RequestBackfill(to.AddHours(-4), to);
        var all = Enumerable.Range(0, 4).Select(i => to - (30 * Minute) + TimeSpan.FromHours(i - 3)).ToList();
        await _cluster.History.CreateAsync(Succeeded(ExecutionId.Scheduled(id, all[1])));
        var preview = Assert.IsType<BackfillAnswer.Planned>(await job.Backfill(asked with { DryRun = true }, null));
        Assert.Null(preview.Backfill);
        Assert.Equal([all[0], all[2], all[3]], preview.FireTimes);
        Assert.Equal([all[1]], preview.LeftOut);
        Assert.Empty((await job.Wake()).Owed);

        var begun = Assert.IsType<BackfillAnswer.Planned>(await job.Backfill(asked, "key"));
        Assert.Equal((1, 1), (begun.Backfill!.Number, Assert.IsType<BackfillAnswer.Planned>(await job.Backfill(asked, "key")).Backfill!.Number));
        foreach (var fireTime in preview.FireTimes)
        {
            var launch = Assert.Single((await job.Wake()).Owed).Launch;
            Assert.Equal((ExecutionId.Backfilled(id, fireTime, 1), ExecutionTrigger.Backfill), (launch.ExecutionId, launch.Trigger));
            await _cluster.FinishAsync(job, launch);
        }

        Assert.Empty((await job.Wake()).Owed);
        var over = Assert.Single(Assert.IsType<JobAnswer.Found>(await job.Get()).Job.Backfills!);
        Assert.Equal((3, 1, to), (over.Launched, over.LeftOut, over.DecidedUpTo));
        Assert.NotNull(over.EndedAt);
        Assert.Empty(Assert.IsType<BackfillAnswer.Planned>(await job.Backfill(asked with { DryRun = true }, null)).FireTimes);
    }

    [Fact]
    public async Task A_cancelled_backfill_launches_nothing_more()
    {
        var (_, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { Enabled = false, Retries = new RetryPolicy { Count = 3 } });
        var to = _cluster.Clock.GetUtcNow();
        await job.Backfill(new RequestBackfill(to.AddHours(-1), to), null);
        var launch = Assert.Single((await job.Wake()).Owed).Launch;
        Assert.True((await job.CancelBackfill(1, "Not wanted."))!.Cancelled);
        Assert.Equal((ExecutionResult.Cancelled, "Not wanted."), (await _cluster.History.GetAsync(launch.ExecutionId) is { } dropped ? (dropped.ExecutionResult, dropped.Reason) : default));
        Assert.Null(await job.CancelBackfill(1, "Again."));
        Assert.Null(await job.CancelBackfill(7, "None."));
        Assert.Empty((await job.Wake()).Owed);
    }

    [Theory]
    [InlineData("million", "to", "more than 10000 fire times in this period, the most of one backfill; the first 10000 end before 2026-")]
    [InlineData("nothing", "to", "the schedule has no fire time in this period")]
    [InlineData("future", "to", "must not lie in the future")]
    [InlineData("backwards", "to", "must be later than from")]
    [InlineData("before 1970", "from", "must not lie before 1970")]
    [InlineData("not kept", "from", "must not lie before 2025-02-01T00:00:00.000Z: the history of that time is not kept (Dcron:History:RetentionMonths)")]
    [InlineData("many at once", "max_concurrent", "must be 1 for a job whose overlap_policy is not allow")]
    [InlineData("too many at once", "max_concurrent", "must be 1 to 10")]
    public async Task A_backfill_that_can_not_be_is_refused_with_the_way_out(string what, string field, string says)
    {
        var (_, job) = await _cluster.CreateAsync(what == "nothing" ? "0 0 29 2 *" : "* * * * * *", spec => spec with { Enabled = false });
        var now = _cluster.Clock.GetUtcNow();
        var asked = what switch
        {
            "million" => new RequestBackfill(now.AddSeconds(-1_000_000), now),
            "future" => new RequestBackfill(now.AddMinutes(-1), now.AddSeconds(1)),
            "backwards" => new RequestBackfill(now, now),
            "before 1970" => new RequestBackfill(DateTimeOffset.UnixEpoch.AddSeconds(-1), DateTimeOffset.UnixEpoch.AddSeconds(9)),
            "not kept" => new RequestBackfill(new DateTimeOffset(2025, 1, 31, 23, 59, 0, TimeSpan.Zero), new DateTimeOffset(2025, 2, 1, 0, 0, 0, TimeSpan.Zero)),
            "many at once" => new RequestBackfill(now.AddMinutes(-1), now, 2),
            "too many at once" => new RequestBackfill(now.AddMinutes(-1), now, 11),
            _ => new RequestBackfill(now.AddMinutes(-1), now),
        };
        var problem = Assert.Single(Assert.IsType<BackfillAnswer.Refused>(await job.Backfill(asked, null)).Problems);
        Assert.Equal(field, problem.Field);
        Assert.Contains(says, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rerun_runs_what_the_execution_ran_though_the_job_has_changed()
    {
        var (id, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { Args = ["old"], TimeoutSeconds = 7, Stderr = StderrMode.Marked });
        _cluster.Clock.Advance(Minute);
        var origin = Assert.Single((await job.Wake()).Owed).Launch;
        await _cluster.FinishAsync(job, origin, ExecutionResult.Failed);
        var changed = Assert.IsType<JobAnswer.Found>(await job.Get()).Job.Spec with { Args = ["new"], TimeoutSeconds = null, Stderr = StderrMode.Merged, Name = null, Enabled = false };
        await job.Update(new UpdateJob(id, changed, null));

        var planned = Assert.IsType<RerunAnswer.Planned>(await job.Rerun(origin.ExecutionId, "key"));
        Assert.Equal(planned, await job.Rerun(origin.ExecutionId, "key"));
        var launch = Assert.Single((await job.Wake()).Owed).Launch;
        Assert.Equal((planned.ExecutionId, origin.ExecutionId, ExecutionTrigger.Manual), (launch.ExecutionId, launch.RerunOf, launch.Trigger));
        Assert.Equal((new string('a', 64), 1, 7.0), (launch.ScriptSha256, launch.JobVersion, launch.TimeoutSeconds));
        Assert.Equal(["old"], launch.Args);
        Assert.Equal(StderrMode.Marked, launch.Stderr);
    }

    [Fact]
    public async Task What_can_not_be_run_again_exactly_is_told()
    {
        var (id, job) = await _cluster.CreateAsync("* * * * *");
        _cluster.Clock.Advance(3 * Minute);
        await job.Wake();
        var missed = (await job.GetExecutions(new GetJobExecutions(id, ExecutionResult.Missed))).Executions[0];
        Assert.Contains("not recorded what", Assert.IsType<RerunAnswer.Impossible>(await job.Rerun(missed.ExecutionId, null)).Reason, StringComparison.Ordinal);
        Assert.IsType<RerunAnswer.Unknown>(await job.Rerun(ExecutionId.Scheduled(id, DateTimeOffset.UnixEpoch), null));
        await job.Delete();
        Assert.Contains("is deleted", Assert.IsType<RerunAnswer.Impossible>(await job.Rerun(missed.ExecutionId, null)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_is_changed_renamed_or_deleted_while_it_runs_lets_it_end()
    {
        var (id, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { Name = "before", Retries = new RetryPolicy { Count = 3 } });
        _cluster.Clock.Advance(Minute);
        var launch = Assert.Single((await job.Wake()).Owed).Launch;
        await _cluster.ClaimAsync(launch);
        var spec = Assert.IsType<JobAnswer.Found>(await job.Get()).Job.Spec with { Name = "after", Time = "0 0 1 1 *" };
        Assert.IsType<JobAnswer.Found>(await job.Update(new UpdateJob(id, spec, null)));
        Assert.Equal(launch.ExecutionId, Assert.Single(Assert.IsType<JobAnswer.Found>(await job.Get()).Job.Open).Launch.ExecutionId);
        await _cluster.CreateAsync("0 0 1 1 *", other => other with { Name = "before" }); // the old name is free at once
        Assert.True(await job.Delete());
        Assert.Equal(ExecutionResult.Running, (await _cluster.History.GetAsync(launch.ExecutionId))!.ExecutionResult);

        // It ends as any other, and is not retried: its job is gone.
        await job.Wake();
        _cluster.Clock.Advance(TimeSpan.FromSeconds(16));
        Assert.Empty((await job.Wake()).Owed);
        Assert.Equal(ExecutionResult.Lost, (await _cluster.History.GetAsync(launch.ExecutionId))!.ExecutionResult);
        Assert.Null((await job.Wake()).WakeAt);
    }

    [Fact]
    public async Task Nothing_stays_running_for_ever_whether_its_job_is_there_or_not()
    {
        var (_, job) = await _cluster.CreateAsync("* * * * *", spec => spec with { Retries = new RetryPolicy { Count = 1, DelaySeconds = 1 } });
        _cluster.Clock.Advance(Minute);
        var launch = Assert.Single((await job.Wake()).Owed).Launch;
        await _cluster.ClaimAsync(launch, "127.0.0.1:2@7");
        var orphan = launch with { ExecutionId = ExecutionId.Scheduled(JobId.New(_cluster.Clock.GetUtcNow()), _cluster.Clock.GetUtcNow()) };
        orphan = orphan with { JobId = orphan.ExecutionId.JobId };
        await _cluster.ClaimAsync(orphan, "127.0.0.1:2@7");

        var sweep = _cluster.Service<LostSweep>();
        await sweep.RunAsync(); // sees it gone for the first time: its scripts may still have a lease
        Assert.Equal(ExecutionResult.Running, (await _cluster.History.GetAsync(orphan.ExecutionId))!.ExecutionResult);
        _cluster.Clock.Advance(TimeSpan.FromSeconds(16));
        Assert.True(await sweep.RunAsync() >= 2);
        Assert.Equal(ExecutionResult.Lost, (await _cluster.History.GetAsync(orphan.ExecutionId))!.ExecutionResult);
        Assert.Equal(0, await sweep.RunAsync());
        _cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(launch.ExecutionId.NextAttempt(), Assert.Single((await job.Wake()).Owed).Launch.ExecutionId); // the job was told
        await job.Delete();
    }

    private ExecutionDocument Succeeded(ExecutionId id) => new()
    {
        ExecutionId = id,
        JobId = id.JobId,
        ExecutionDate = id.FireTime,
        ExecutionResult = ExecutionResult.Succeeded,
        FinishedAt = _cluster.Clock.GetUtcNow(),
    };
}

using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Jobs;

/// <summary>The job grain's shell: what it saves before it answers, and what it makes of stores that fail and clocks that step.</summary>
public sealed class JobGrainTests(GrainCluster cluster) : IClassFixture<GrainCluster>
{
    [Fact]
    public async Task A_job_owes_its_launch_from_its_fire_time_on_and_until_it_is_finished()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        Assert.Empty((await job.Wake()).Owed);
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        var owed = Assert.Single((await job.Wake()).Owed);
        Assert.Equal(id, owed.Launch.JobId);
        Assert.Equal(owed.Launch.ExecutionId, Assert.Single((await job.Wake()).Owed).Launch.ExecutionId); // again, as long as nobody has claimed it
        Assert.Equal(ExecutionResult.Queued, Assert.Single((await job.GetExecutions(new GetJobExecutions(id))).Executions).ExecutionResult);
        await cluster.FinishAsync(job, owed.Launch);
        Assert.Empty((await job.Wake()).Owed);
        Assert.Equal(ExecutionResult.Succeeded, Assert.Single((await job.GetExecutions(new GetJobExecutions(id))).Executions).ExecutionResult);
    }

    [Fact]
    public async Task What_is_claimed_while_a_page_is_read_is_on_it_once()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        var owed = Assert.Single((await job.Wake()).Owed);
        cluster.Documents.BeforeNextLookAtHistory(() => cluster.ClaimAsync(owed.Launch));
        Assert.Equal(ExecutionResult.Running, Assert.Single((await job.GetExecutions(new GetJobExecutions(id))).Executions).ExecutionResult);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_plan_whose_write_was_not_answered_is_neither_lost_nor_doubled(bool applied)
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        cluster.Documents.FailNextWrite(applied);
        if (await Record.ExceptionAsync(job.Wake) is { } failure)
        {
            Assert.IsType<StoreUnavailableException>(failure); // or the leader woke it first, and was told so
        }

        Assert.False(cluster.Documents.IsToFail);
        var owed = Assert.Single((await job.Wake()).Owed);
        await cluster.FinishAsync(job, owed.Launch);
        Assert.Single((await job.GetExecutions(new GetJobExecutions(id))).Executions);
    }

    [Fact]
    public async Task A_clock_set_back_launches_no_instant_twice()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        var owed = Assert.Single((await job.Wake()).Owed);
        await cluster.FinishAsync(job, owed.Launch);
        var ahead = cluster.Clock.GetUtcNow();
        cluster.Clock.AdjustTime(ahead - TimeSpan.FromMinutes(30));
        Assert.Empty((await job.Wake()).Owed);
        cluster.Clock.AdjustTime(ahead + TimeSpan.FromMinutes(1));
        Assert.Equal(owed.Launch.ExecutionId.FireTime.AddMinutes(1), Assert.Single((await job.Wake()).Owed).Launch.ExecutionId.FireTime);
        Assert.Equal(2, (await job.GetExecutions(new GetJobExecutions(id))).Executions.Count);
    }

    [Fact]
    public async Task A_clock_set_forward_runs_the_latest_and_records_the_others_as_missed()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(30));
        var owed = Assert.Single((await job.Wake()).Owed);
        var executions = (await job.GetExecutions(new GetJobExecutions(id))).Executions;
        Assert.Equal(10, executions.Count);
        Assert.Equal(owed.Launch.ExecutionId, executions[0].ExecutionId);
        Assert.All(executions.Skip(1), execution => Assert.Equal(ExecutionResult.Missed, execution.ExecutionResult));
    }

    [Fact]
    public async Task Pausing_drops_what_is_queued_and_records_it()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Single((await job.Wake()).Owed);
        await job.SetEnabled(false);
        cluster.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty((await job.Wake()).Owed);
        var dropped = Assert.Single((await job.GetExecutions(new GetJobExecutions(id))).Executions);
        Assert.Equal(ExecutionResult.Skipped, dropped.ExecutionResult);
        Assert.Contains("paused", dropped.Reason, StringComparison.Ordinal);
        await job.SetEnabled(true);
        Assert.Empty((await job.Wake()).Owed); // what passed meanwhile is not made up
    }

    [Fact]
    public async Task Deleting_cancels_what_is_queued_and_gives_the_name_back()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *", spec => spec with { Name = "the one" });
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        var owed = Assert.Single((await job.Wake()).Owed);
        Assert.True(await job.Delete());
        Assert.False(await job.Delete());
        Assert.IsType<JobAnswer.Unknown>(await job.Get());
        Assert.Equal(ExecutionResult.Cancelled, (await cluster.History.GetAsync(owed.Launch.ExecutionId))!.ExecutionResult);
        await cluster.CreateAsync("* * * * *", spec => spec with { Name = "the one" });
    }

    /// <summary>Seed 78: a client repeats CREATE because the answer was lost, and meanwhile somebody has deleted the job.</summary>
    [Fact]
    public async Task A_repeated_create_does_not_bring_a_deleted_job_back()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        var spec = Assert.IsType<JobAnswer.Found>(await job.Get()).Job.Spec;
        Assert.True(await job.Delete());
        Assert.IsType<JobAnswer.Unknown>(await job.Create(new CreateJob(id, spec)));
        Assert.IsType<JobAnswer.Unknown>(await job.Get());
    }

    /// <summary>Seed 1959: another activation deletes the job while this one has an old copy of it; what was decided on that must not be promised.</summary>
    [Fact]
    public async Task What_is_asked_of_a_job_that_is_deleted_behind_its_back_is_not_promised()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *", spec => spec with { Enabled = false });
        var spec = Assert.IsType<JobAnswer.Found>(await job.Get()).Job.Spec;
        var now = cluster.Clock.GetUtcNow();
        Func<Task>[] asked =
        [
            async () => Assert.Null(await job.Run(null)),
            async () => Assert.IsType<BackfillAnswer.Unknown>(await job.Backfill(new RequestBackfill(now.AddMinutes(-2), now), null)),
            async () => Assert.IsType<JobAnswer.Unknown>(await job.Update(new UpdateJob(id, spec with { Time = "@daily" }, null))),
            async () => Assert.IsType<JobAnswer.Unknown>(await job.SetEnabled(true)),
        ];
        foreach (var ask in asked)
        {
            var kept = (await cluster.Documents.GetAsync(JobCollections.Jobs, id.Value))!;
            await cluster.Documents.WriteAsync(JobCollections.Jobs, new DocumentWrite.Delete(id.Value, kept.Revision));
            await ask();
            await cluster.Documents.WriteAsync(JobCollections.Jobs, new DocumentWrite.Create(id.Value, kept.Body));
            await job.Wake(); // reads it again
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_crash_left_queued_of_a_deleted_or_paused_job_is_dropped_at_the_next_look(bool deleted)
    {
        var (_, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        var owed = Assert.Single((await job.Wake()).Owed).Launch.ExecutionId;
        cluster.Documents.FailWritesTo(JobCollections.ExecutionsOf(owed));
        await Assert.ThrowsAsync<StoreUnavailableException>(deleted ? job.Delete : () => job.SetEnabled(false));
        cluster.Documents.FailWritesTo(null);

        Assert.Empty((await job.Wake()).Owed);
        Assert.Equal(deleted ? ExecutionResult.Cancelled : ExecutionResult.Skipped, (await cluster.History.GetAsync(owed))!.ExecutionResult);
    }

    [Fact]
    public async Task A_name_belongs_to_one_job()
    {
        var (first, _) = await cluster.CreateAsync("* * * * *", spec => spec with { Name = "taken" });
        var second = JobId.New(cluster.Clock.GetUtcNow());
        var spec = new JobSpec { Time = "* * * * *", ScriptType = "python", ScriptLocation = "s3://dcron/some.py", Name = "taken" };
        Assert.Equal(first, Assert.IsType<JobAnswer.NameTaken>(await cluster.Job(second).Create(new CreateJob(second, spec))).By);
        var (id, other) = await cluster.CreateAsync("* * * * *");
        Assert.IsType<JobAnswer.NameTaken>(await other.Update(new UpdateJob(id, spec, IfVersion: 1)));
        Assert.Equal(1, Assert.IsType<JobAnswer.Found>(await other.Get()).Job.Version);
    }

    [Fact]
    public async Task An_update_plans_under_the_old_spec_first()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        var spec = new JobSpec { Time = "0 0 1 1 *", ScriptType = "python", ScriptLocation = "s3://dcron/some.py" };
        Assert.IsType<JobAnswer.VersionMismatch>(await job.Update(new UpdateJob(id, spec, IfVersion: 7)));
        Assert.Equal(2, Assert.IsType<JobAnswer.Found>(await job.Update(new UpdateJob(id, spec, IfVersion: 1))).Job.Version);
        Assert.Equal(1, Assert.Single((await job.Wake()).Owed).Launch.JobVersion);
    }

    [Fact]
    public async Task A_run_with_the_same_key_is_the_same_run()
    {
        var (_, job) = await cluster.CreateAsync("0 0 1 1 *");
        var first = await job.Run("key");
        Assert.Equal(first, await job.Run("key"));
        Assert.NotEqual(first, await job.Run("other"));
        Assert.NotEqual(await job.Run(null), await job.Run(null));
        Assert.Equal(4, (await job.Wake()).Owed.Count);
    }

    [Fact]
    public async Task A_queued_launch_can_be_cancelled_once()
    {
        var (_, job) = await cluster.CreateAsync("0 0 1 1 *");
        var id = (await job.Run(null))!.Value;
        Assert.True(await job.CancelQueued(id, "not wanted"));
        Assert.False(await job.CancelQueued(id, "not wanted"));
        Assert.Equal("not wanted", (await cluster.History.GetAsync(id))!.Reason);
        Assert.Empty((await job.Wake()).Owed);
    }

    [Fact]
    public async Task Creating_again_with_the_same_id_answers_the_first()
    {
        var (id, job) = await cluster.CreateAsync("* * * * *");
        var spec = new JobSpec { Time = "0 0 1 1 *", ScriptType = "ruby", ScriptLocation = "s3://dcron/other.rb" };
        Assert.Equal("* * * * *", Assert.IsType<JobAnswer.Found>(await job.Create(new CreateJob(id, spec))).Job.Spec.Time);
    }
}

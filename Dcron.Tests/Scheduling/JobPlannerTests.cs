using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

public sealed class JobPlannerTests
{
    [Fact]
    public void A_new_job_owes_nothing_and_waits_for_its_first_fire_time()
    {
        var job = Created("10:00:00.1234567", Spec() with { Name = "nightly", Labels = new Dictionary<string, string> { ["team"] = "db" } }, Pin());

        Assert.Equal((1, At("10:00:00.123"), At("10:00:00.123"), At("10:00:00.123")), (job.Version, job.CreatedAt, job.UpdatedAt, job.PlannedUpTo));
        Assert.Equal((At("11:00"), null), (job.WakeAt, job.OpenSince));
        Assert.Equal(("job1", "1\nnightly\nteam=db"), (job.ListKey, job.ListFilter));
        Assert.Equal(Pin(), job.Script);
        Assert.Empty(job.Open);
    }

    [Fact]
    public void A_job_that_is_created_at_a_fire_time_begins_with_the_next() => Assert.Equal(At("11:00"), Created("10:00").WakeAt);

    [Fact]
    public void A_job_that_is_created_paused_is_never_woken() => Assert.Null(Created("10:00", Spec() with { Enabled = false }).WakeAt);

    [Theory]
    [InlineData("11:00:00")]
    [InlineData("11:00:00.0009")]
    [InlineData("11:00:05")]
    public void A_fire_time_up_to_five_seconds_old_is_launched_as_it_was_specified(string now)
    {
        var spec = Spec() with
        {
            Name = "n",
            Args = ["a", "b"],
            Env = new Dictionary<string, string> { ["K"] = "v" },
            TimeoutSeconds = 5,
            WorkerSelector = new Dictionary<string, string> { ["disk"] = "ssd" },
        };

        var plan = JobPlanner.Plan(Created("10:00", spec, Pin()), At(now));

        var owed = Assert.Single(plan.Job.Open);
        Assert.Equal(
            new ExecuteJob
            {
                ExecutionId = Fired("11:00"),
                JobId = Id,
                JobName = "n",
                JobVersion = 1,
                ScriptType = "python",
                ScriptLocation = "s3://scripts/a.py",
                ScriptSha256 = "aa",
                Args = spec.Args,
                Env = spec.Env,
                TimeoutSeconds = 5,
                WorkerSelector = spec.WorkerSelector,
                Trigger = ExecutionTrigger.Schedule,
                TzVersion = Grains.Scheduling.TimezoneName.DatabaseVersion,
            },
            owed.Launch);
        var planned = Grains.Json.UtcTime.ToMilliseconds(At(now));
        Assert.Equal((planned, planned, planned, planned.AddSeconds(60)), (owed.PlannedAt, plan.Job.PlannedUpTo, plan.Job.OpenSince, plan.Job.WakeAt));
        Assert.True(plan.Changed);
        Assert.False(plan.IsBehind);
        Assert.Empty(plan.Job.Unrecorded);
    }

    [Fact]
    public void A_wake_that_comes_early_changes_nothing()
    {
        var job = Created("10:00");

        foreach (var now in new[] { "10:00", "10:30", "10:59:59.999", "09:00", "2020-01-01" })
        {
            var plan = JobPlanner.Plan(job, At(now));
            Assert.False(plan.Changed);
            Assert.Same(job, plan.Job);
        }
    }

    [Fact]
    public void A_plan_that_is_made_again_is_the_same()
    {
        var once = JobPlanner.Plan(Created("10:00"), At("13:00:01")).Job;

        Assert.Same(once, JobPlanner.Plan(once, At("13:00:01")).Job);
        Assert.Same(once, JobPlanner.Plan(once, At("13:00:59")).Job);
    }

    [Fact]
    public void The_clock_may_step_back_behind_what_is_planned()
    {
        var job = JobPlanner.Finished(JobPlanner.Plan(Created("10:00"), At("11:00:01")).Job, Fired("11:00"), At("11:00:02")).Job;

        var back = JobPlanner.Plan(job, At("10:59:59"));
        Assert.False(back.Changed);
        Assert.Equal(At("12:00"), job.WakeAt);
        Assert.Equal([Fired("12:00")], JobPlanner.Plan(back.Job, At("12:00")).Job.Open.Select(owed => owed.Launch.ExecutionId));
    }

    [Fact]
    public void What_is_open_is_looked_at_every_minute_also_by_a_clock_that_stepped_back()
    {
        var job = JobPlanner.Plan(Created("10:00"), At("11:00")).Job;
        Assert.Equal(At("11:01"), job.WakeAt);

        var later = JobPlanner.Plan(job, At("11:01"));
        Assert.Equal((true, At("11:02")), (later.Changed, later.Job.WakeAt));
        Assert.Equal(At("10:31"), JobPlanner.Plan(later.Job, At("10:30")).Job.WakeAt);
    }

    [Fact]
    public void The_next_fire_time_comes_before_the_next_look()
    {
        var job = JobPlanner.Plan(Created("10:00:00", Spec("*/10 * * * * *")), At("10:00:10")).Job;

        Assert.Equal(At("10:00:20"), job.WakeAt);
    }

    [Fact]
    public void Of_fire_times_that_passed_unplanned_the_latest_runs_once()
    {
        var plan = JobPlanner.Plan(Created("10:00"), At("13:30"));

        Assert.Equal([Fired("13:00")], plan.Job.Open.Select(owed => owed.Launch.ExecutionId));
        Assert.Equal([(Fired("11:00"), ExecutionResult.Missed), (Fired("12:00"), ExecutionResult.Missed)], plan.Job.Unrecorded.Select(passed => (passed.ExecutionId, passed.Result)));
        Assert.All(plan.Job.Unrecorded, passed => Assert.Equal(
            "It could be planned only at 2026-03-01T13:30:00Z, too late to be on time; by the misfire policy run_latest, the latest fire time, 2026-03-01T13:00:00Z, took its place.",
            passed.Reason));
        Assert.Equal((At("13:30"), At("13:31")), (plan.Job.PlannedUpTo, plan.Job.WakeAt));
    }

    [Fact]
    public void Misfires_give_way_to_a_fire_time_that_is_on_time()
    {
        var plan = JobPlanner.Plan(Created("10:00"), At("13:00:05"));

        Assert.Equal([Fired("13:00")], plan.Job.Open.Select(owed => owed.Launch.ExecutionId));
        Assert.Equal([ExecutionResult.Missed, ExecutionResult.Missed], plan.Job.Unrecorded.Select(passed => passed.Result));
    }

    [Fact]
    public void A_fire_time_is_skipped_while_an_earlier_one_is_open_also_of_the_same_plan()
    {
        var job = JobPlanner.Plan(Created("10:00:00", Spec("* * * * * *")), At("10:00:02")).Job;

        Assert.Equal([Fired("10:00:01")], job.Open.Select(owed => owed.Launch.ExecutionId));
        job = JobPlanner.Plan(job, At("10:00:03")).Job;
        Assert.Equal([Fired("10:00:02"), Fired("10:00:03")], job.Unrecorded.Select(passed => passed.ExecutionId));
        Assert.All(job.Unrecorded, passed => Assert.Equal(
            (ExecutionResult.Skipped, "job1@20260301T100001Z of the same job was still queued or running (overlap policy skip)."), (passed.Result, passed.Reason)));

        job = JobPlanner.Finished(job, Fired("10:00:01"), At("10:00:03.5")).Job;
        Assert.Equal([Fired("10:00:04")], JobPlanner.Plan(job, At("10:00:04")).Job.Open.Select(owed => owed.Launch.ExecutionId));
    }

    [Fact]
    public void The_latest_misfire_is_skipped_when_something_is_open()
    {
        var job = JobPlanner.Plan(JobPlanner.Plan(Created("10:00"), At("11:00")).Job, At("14:30")).Job;

        Assert.Equal([Fired("11:00")], job.Open.Select(owed => owed.Launch.ExecutionId));
        Assert.Equal([ExecutionResult.Missed, ExecutionResult.Missed, ExecutionResult.Skipped], job.Unrecorded.Select(passed => passed.Result));
    }

    [Fact]
    public void Ten_years_of_a_job_each_second_are_decided_500_at_a_time()
    {
        var job = Created("10:00:00", Spec("* * * * * *"));

        var plan = JobPlanner.Plan(job, At("2036-03-01T10:00:00"));
        Assert.True(plan.IsBehind);
        Assert.Equal(500, plan.Job.Unrecorded.Count);
        Assert.All(plan.Job.Unrecorded, passed => Assert.Equal(ExecutionResult.Missed, passed.Result));
        Assert.EndsWith("run_latest, a later fire time took its place.", plan.Job.Unrecorded[0].Reason, StringComparison.Ordinal);
        Assert.Equal((At("10:08:20"), At("10:08:21")), (plan.Job.PlannedUpTo, plan.Job.WakeAt));
        Assert.Empty(plan.Job.Open);
    }

    [Theory]
    [InlineData("10:08:20", 499, false)]
    [InlineData("10:08:21", 499, true)]
    public void The_limit_of_a_plan_is_exact(string now, int passed, bool isBehind)
    {
        var plan = JobPlanner.Plan(Created("10:00:00", Spec("* * * * * *")), At(now));

        Assert.Equal((passed, isBehind), (plan.Job.Unrecorded.Count, plan.IsBehind));
        Assert.Single(plan.Job.Open);
        Assert.Equal(isBehind ? At("10:08:20") : At(now), plan.Job.PlannedUpTo);
    }

    [Fact]
    public void While_2000_passed_instants_wait_for_their_documents_nothing_more_is_decided()
    {
        var job = Created("10:00:00", Spec("* * * * * *"));
        var now = At("2026-03-02T10:00:00");
        for (var i = 0; i < 4; i++)
        {
            job = JobPlanner.Plan(job, now).Job;
        }

        Assert.Equal(JobPlanner.MaxUnrecorded, job.Unrecorded.Count);
        Assert.Equal(now.AddSeconds(60), job.WakeAt);
        var full = JobPlanner.Plan(job, now);
        Assert.Equal((false, true), (full.Changed, full.IsBehind));

        job = JobPlanner.Recorded(job, [.. job.Unrecorded.Take(700).Select(passed => passed.ExecutionId)], now).Job;
        Assert.Equal((1300, At("10:33:21")), (job.Unrecorded.Count, job.WakeAt));
        Assert.Equal(1800, JobPlanner.Plan(job, now).Job.Unrecorded.Count);
    }

    [Fact]
    public void Nothing_fires_outside_of_start_and_end()
    {
        var job = Created("10:00", Spec() with { StartsAt = At("12:00"), EndsAt = At("13:00") });
        Assert.Equal(At("12:00"), job.WakeAt);

        job = JobPlanner.Plan(job, At("12:00")).Job;
        Assert.Equal([Fired("12:00")], job.Open.Select(owed => owed.Launch.ExecutionId));
        Assert.Null(JobPlanner.Finished(job, Fired("12:00"), At("12:10")).Job.WakeAt);
    }

    [Fact]
    public void The_outbox_forgets_only_what_it_is_told_to()
    {
        var job = JobPlanner.Plan(Created("10:00"), At("13:30")).Job;

        Assert.Same(job, JobPlanner.Finished(job, Fired("11:00"), At("13:31")).Job);
        Assert.Same(job, JobPlanner.Recorded(job, [Fired("13:00")], At("13:31")).Job);
        var recorded = JobPlanner.Recorded(job, [Fired("11:00"), Fired("10:00")], At("13:31"));
        Assert.Equal((true, Fired("12:00")), (recorded.Changed, Assert.Single(recorded.Job.Unrecorded).ExecutionId));
        var finished = JobPlanner.Finished(recorded.Job, Fired("13:00"), At("13:31"));
        Assert.Equal((0, null, At("13:32")), (finished.Job.Open.Count, finished.Job.OpenSince, finished.Job.WakeAt));
        Assert.Equal(At("14:00"), JobPlanner.Recorded(finished.Job, [Fired("12:00")], At("13:31")).Job.WakeAt);
    }

    [Fact]
    public void The_hash_of_the_script_is_launched_only_with_the_location_that_it_is_of()
    {
        var job = Created("10:00") with { Script = Pin("s3://scripts/other.py") };

        Assert.Null(JobPlanner.Plan(job, At("11:00")).Job.Open[0].Launch.ScriptSha256);
        Assert.Null(Created("10:00", pin: Pin("s3://scripts/other.py")).Script);
    }

    [Fact]
    public void A_passed_instant_becomes_a_final_document()
    {
        var job = JobPlanner.Plan(Created("10:00"), At("12:30")).Job;

        var document = SettledExecutions.PassedDocument(job.Unrecorded[0], job, At("12:31"));

        Assert.Equal(
            new ExecutionDocument
            {
                ExecutionId = Fired("11:00"),
                JobId = Id,
                ExecutionDate = At("11:00"),
                ExecutionResult = ExecutionResult.Missed,
                Reason = job.Unrecorded[0].Reason,
                Trigger = ExecutionTrigger.Schedule,
                FinishedAt = At("12:31"),
                JobVersion = 1,
            },
            document);
        var updated = JobPlanner.Update(job, Spec("5 * * * *"), null, At("12:32")).Job;
        Assert.Null(SettledExecutions.PassedDocument(job.Unrecorded[0], updated, At("12:33")).JobVersion);
    }

    [Fact]
    public void A_dropped_launch_becomes_a_final_document()
    {
        var run = JobPlanner.RunNow(Created("10:00", pin: Pin()), null, null, At("10:30:07.5"));

        Assert.Equal(
            new ExecutionDocument
            {
                ExecutionId = run.ExecutionId,
                JobId = Id,
                ExecutionDate = At("10:30:07"),
                ExecutionResult = ExecutionResult.Cancelled,
                Reason = "Deleted.",
                Trigger = ExecutionTrigger.Manual,
                FinishedAt = At("10:31"),
                ScriptSha256 = "aa",
                JobVersion = 1,
                PlannedAt = At("10:30:07.5"),
            },
            SettledExecutions.DroppedDocument(run.Job.Open[0], ExecutionResult.Cancelled, "Deleted.", At("10:31")));
    }
}

using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

public sealed class JobChangeTests
{
    [Fact]
    public void An_update_decides_what_was_due_under_the_old_spec_first()
    {
        var change = JobPlanner.Update(Created("10:00", pin: Pin()), Spec("15 * * * *") with { Name = "New" }, null, At("11:30"));

        Assert.True(change.IsApplied);
        Assert.Empty(change.ToDrop);
        Assert.Equal((2, At("11:30"), At("11:30"), "1\nnew"), (change.Job.Version, change.Job.UpdatedAt, change.Job.PlannedUpTo, change.Job.ListFilter));
        Assert.Equal((Fired("11:00"), 1), (change.Job.Open[0].Launch.ExecutionId, change.Job.Open[0].Launch.JobVersion));
        Assert.Equal(Pin(), change.Job.Script);
        var next = JobPlanner.Plan(JobPlanner.Finished(change.Job, Fired("11:00"), At("11:31")).Job, At("12:15")).Job;
        Assert.Equal((Fired("12:15"), 2), (next.Open[0].Launch.ExecutionId, next.Open[0].Launch.JobVersion));
    }

    [Fact]
    public void A_fire_time_at_the_instant_of_an_update_belongs_to_the_old_spec()
    {
        var change = JobPlanner.Update(Created("10:00"), Spec("*/30 * * * *"), null, At("11:00"));

        Assert.Equal([1], change.Job.Open.Select(owed => owed.Launch.JobVersion));
        Assert.Equal(At("11:30"), JobPlanner.Finished(change.Job, Fired("11:00"), At("11:01")).Job.WakeAt);
    }

    [Fact]
    public void An_update_by_a_clock_that_stepped_back_takes_effect_at_the_mark()
    {
        var job = JobPlanner.Finished(JobPlanner.Plan(Created("10:00"), At("12:00")).Job, Fired("12:00"), At("12:00")).Job;

        var change = JobPlanner.Update(job, Spec("*/10 * * * *"), null, At("11:00"));

        Assert.Equal((At("12:00"), At("12:00")), (change.Job.PlannedUpTo, change.Job.UpdatedAt));
        Assert.Equal(Fired("12:10"), JobPlanner.Plan(change.Job, At("12:10")).Job.Open.Single().Launch.ExecutionId);
    }

    [Fact]
    public void Another_script_location_forgets_the_pin_unless_a_new_one_comes()
    {
        var job = Created("10:00", pin: Pin());
        var moved = Spec() with { ScriptLocation = "s3://scripts/b.py" };

        Assert.Null(JobPlanner.Update(job, moved, null, At("10:30")).Job.Script);
        Assert.Equal(Pin("s3://scripts/b.py", "bb"), JobPlanner.Update(job, moved, Pin("s3://scripts/b.py", "bb"), At("10:30")).Job.Script);
        Assert.Equal(Pin(sha256: "cc"), JobPlanner.Update(job, Spec(), Pin(sha256: "cc"), At("10:30")).Job.Script);
    }

    [Fact]
    public void Pausing_offers_what_is_queued_to_be_dropped_but_not_manual_runs()
    {
        var job = JobPlanner.RunNow(JobPlanner.Plan(Created("10:00"), At("11:00")).Job, null, null, At("11:10")).Job;

        var paused = JobPlanner.SetEnabled(job, false, At("11:20"));

        Assert.Equal([Fired("11:00")], paused.ToDrop.Select(owed => owed.Launch.ExecutionId));
        Assert.Equal((2, false, "0\n", 2), (paused.Job.Version, paused.Job.Spec.Enabled, paused.Job.ListFilter, paused.Job.Open.Count));
        Assert.Equal(At("11:21"), paused.Job.WakeAt);
        var updated = JobPlanner.Update(job, Spec() with { Enabled = false }, null, At("11:20"));
        Assert.Equal([Fired("11:00")], updated.ToDrop.Select(owed => owed.Launch.ExecutionId));
    }

    [Fact]
    public void Pausing_a_paused_job_or_resuming_a_running_one_changes_nothing()
    {
        var job = Created("10:00");
        var paused = JobPlanner.SetEnabled(job, false, At("10:10")).Job;

        Assert.Equal(new JobChange(job, false, true, []), JobPlanner.SetEnabled(job, true, At("15:00")));
        Assert.Same(paused, JobPlanner.SetEnabled(paused, false, At("15:00")).Job);
        Assert.Same(paused, JobPlanner.Plan(paused, At("15:00")).Job);
    }

    [Fact]
    public void What_passed_during_a_pause_is_not_made_up()
    {
        var paused = JobPlanner.SetEnabled(Created("10:00"), false, At("10:30")).Job;
        Assert.Null(paused.WakeAt);

        var resumed = JobPlanner.SetEnabled(paused, true, At("14:30")).Job;

        Assert.Equal((3, At("14:30"), At("15:00")), (resumed.Version, resumed.PlannedUpTo, resumed.WakeAt));
        Assert.Empty(resumed.Unrecorded);
        var plan = JobPlanner.Plan(resumed, At("15:00")).Job;
        Assert.Equal([Fired("15:00")], plan.Open.Select(owed => owed.Launch.ExecutionId));
        Assert.Empty(plan.Unrecorded);
    }

    [Fact]
    public void A_change_waits_until_all_that_was_due_before_it_is_decided()
    {
        var job = Created("10:00:00", Spec("* * * * * *"));
        var now = At("10:16:50"); // 1010 seconds
        var (changes, passed) = (0, new List<PassedInstant>());
        JobChange change;
        do
        {
            change = JobPlanner.Delete(job, now);
            passed.AddRange(change.Job.Unrecorded);
            job = JobPlanner.Recorded(change.Job, [.. change.Job.Unrecorded.Select(instant => instant.ExecutionId)], now).Job;
            changes++;
        }
        while (!change.IsApplied);

        Assert.Equal((3, 1009, 1009), (changes, passed.Count, passed.DistinctBy(instant => instant.ExecutionId).Count()));
        Assert.Equal((At("10:16:50"), At("10:16:50")), (job.DeletedAt, job.PlannedUpTo));
        Assert.Single(change.ToDrop);
    }

    [Fact]
    public void A_change_that_waits_for_a_full_outbox_is_not_saved_over_and_over()
    {
        var job = Created("10:00:00", Spec("* * * * * *"));
        var now = At("2026-03-02T10:00:00");
        for (var i = 0; i < 4; i++)
        {
            job = JobPlanner.Update(job, Spec(), null, now).Job;
        }

        var waiting = JobPlanner.Update(job, Spec(), null, now);
        Assert.Equal((false, false), (waiting.Changed, waiting.IsApplied));
        Assert.Equal(1, waiting.Job.Version);
    }

    [Fact]
    public void A_deleted_job_is_a_tombstone_until_nothing_is_open()
    {
        var job = JobPlanner.RunNow(JobPlanner.Plan(Created("10:00"), At("12:30")).Job, null, null, At("12:40")).Job;

        var deleted = JobPlanner.Delete(job, At("13:00:01"));

        Assert.Equal((At("13:00:01"), null, null), (deleted.Job.DeletedAt, deleted.Job.ListKey, deleted.Job.ListFilter));
        Assert.Equal(2, deleted.ToDrop.Count);
        Assert.Equal([ExecutionResult.Missed, ExecutionResult.Skipped], deleted.Job.Unrecorded.Select(passed => passed.Result));
        Assert.Equal(At("13:01:01"), deleted.Job.WakeAt);
        Assert.Same(deleted.Job, JobPlanner.Delete(deleted.Job, At("15:00")).Job);
        Assert.False(JobPlanner.IsSettled(deleted.Job));
        Assert.Equal(deleted.Job.PlannedUpTo, JobPlanner.Plan(deleted.Job, At("18:00")).Job.PlannedUpTo);

        var settled = JobPlanner.Recorded(deleted.Job, [.. deleted.Job.Unrecorded.Select(passed => passed.ExecutionId)], At("13:01")).Job;
        Assert.False(JobPlanner.IsSettled(settled));
        settled = deleted.ToDrop.Aggregate(settled, (rest, owed) => JobPlanner.Finished(rest, owed.Launch.ExecutionId, At("13:02")).Job);
        Assert.True(JobPlanner.IsSettled(settled));
        Assert.Null(settled.WakeAt);
        Assert.False(JobPlanner.IsSettled(Created("10:00")));
    }

    [Fact]
    public void A_deleted_job_refuses_changes()
    {
        var deleted = JobPlanner.Delete(Created("10:00"), At("10:10")).Job;

        Assert.Throws<InvalidOperationException>(() => JobPlanner.Update(deleted, Spec(), null, At("10:20")));
        Assert.Throws<InvalidOperationException>(() => JobPlanner.SetEnabled(deleted, false, At("10:20")));
        Assert.Throws<InvalidOperationException>(() => JobPlanner.RunNow(deleted, null, null, At("10:20")));
    }

    [Fact]
    public void A_manual_run_is_owed_at_once_also_of_a_paused_job_with_something_open()
    {
        var job = JobPlanner.Plan(Created("10:00"), At("11:00")).Job;
        job = JobPlanner.SetEnabled(job, false, At("11:01")).Job;

        var run = JobPlanner.RunNow(job, null, Pin(sha256: "dd"), At("11:02:03.4"));

        Assert.Equal(("job1@20260301T110203Z.m1", false), (run.ExecutionId.ToString(), run.IsRepeat));
        var launch = run.Job.Open[^1].Launch;
        Assert.Equal((run.ExecutionId, ExecutionTrigger.Manual, "dd", 2), (launch.ExecutionId, launch.Trigger, launch.ScriptSha256, launch.JobVersion));
        Assert.Equal((At("11:00"), At("11:02:03.4").AddSeconds(60)), (run.Job.OpenSince, run.Job.WakeAt));
        Assert.Equal("job1@20260301T110203Z.m2", JobPlanner.RunNow(run.Job, null, null, At("11:02:03.5")).ExecutionId.ToString());
    }

    [Fact]
    public void A_manual_run_stands_in_the_way_of_later_fire_times_but_not_of_earlier_ones()
    {
        var run = JobPlanner.RunNow(Created("10:00"), null, null, At("11:00:02"));
        Assert.Equal([Fired("11:00"), run.ExecutionId], run.Job.Open.Select(owed => owed.Launch.ExecutionId));

        var job = JobPlanner.Plan(JobPlanner.Finished(run.Job, Fired("11:00"), At("11:30")).Job, At("12:00")).Job;
        Assert.Contains($"{run.ExecutionId} of the same job", Assert.Single(job.Unrecorded).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repeat_with_the_same_key_answers_the_same_run()
    {
        var first = JobPlanner.RunNow(Created("10:00"), "key", null, At("10:10"));

        var repeat = JobPlanner.RunNow(first.Job, "key", null, At("10:20"));

        Assert.Equal((first.ExecutionId, true), (repeat.ExecutionId, repeat.IsRepeat));
        Assert.Same(first.Job, repeat.Job);
        Assert.NotEqual(first.ExecutionId, JobPlanner.RunNow(first.Job, "other", null, At("10:20")).ExecutionId);
    }

    [Fact]
    public void The_newest_hundred_keys_are_remembered()
    {
        var job = Created("10:00");
        for (var i = 1; i <= 150; i++)
        {
            job = JobPlanner.RunNow(job, $"key{i}", null, At("10:10").AddSeconds(i)).Job;
        }

        Assert.Equal(Enumerable.Range(51, 100).Select(i => $"key{i}"), job.KeyedRuns.Select(run => run.KeyHash));
        Assert.Equal(150, job.ManualRuns);
    }
}

using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

/// <summary>What becomes of fire times that nobody could plan in time. A job of every hour is planned last at ten, and then at 13:30 unless it says otherwise.</summary>
public sealed class MisfireTests
{
    [Theory]
    [InlineData(MisfirePolicy.RunLatest, OverlapPolicy.Skip, "13", "")]
    [InlineData(MisfirePolicy.Skip, OverlapPolicy.Skip, "", "")]
    [InlineData(MisfirePolicy.RunAll, OverlapPolicy.Queue, "11", "12 13")]
    [InlineData(MisfirePolicy.RunAll, OverlapPolicy.Allow, "11 12 13", "")]
    public void Of_three_missed_fire_times_each_policy_runs_its_own(MisfirePolicy misfire, OverlapPolicy overlap, string starts, string waits)
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { MisfirePolicy = misfire, OverlapPolicy = overlap }), At("13:30")).Job;

        Assert.Equal((starts, waits), (Hours(job.Open.Where(owed => !owed.Waits)), Hours(job.Open.Where(owed => owed.Waits))));
        Assert.Equal(3 - job.Open.Count, job.Unrecorded.Count);
        Assert.All(job.Unrecorded, passed => Assert.Equal(ExecutionResult.Missed, passed.Result));
    }

    [Fact]
    public void Each_missed_instant_says_why()
    {
        Assert.Equal("It could be planned only at 2026-03-01T13:30:00Z, too late to be on time (misfire policy skip).", Reason(Spec() with { MisfirePolicy = MisfirePolicy.Skip }));
        Assert.Equal(
            "It could be planned only at 2026-03-01T13:30:00Z, too late to be on time; by the misfire policy run_all, only the 2 latest that there was room for run.",
            Reason(Spec() with { MisfirePolicy = MisfirePolicy.RunAll, OverlapPolicy = OverlapPolicy.Queue, QueueLimit = 1 }));
        Assert.Equal(
            "It could be planned only at 2026-03-01T13:30:00Z, more than 1800 s after it was due (starting_deadline_seconds).",
            Reason(Spec() with { StartingDeadlineSeconds = 1800 }));

        static string Reason(JobSpec spec) => JobPlanner.Plan(Created("10:00", spec), At("13:30")).Job.Unrecorded[0].Reason;
    }

    [Fact]
    public void What_is_on_time_runs_under_every_policy()
    {
        foreach (var policy in new[] { MisfirePolicy.Skip, MisfirePolicy.RunLatest })
        {
            var job = JobPlanner.Plan(Created("10:00", Spec() with { MisfirePolicy = policy }), At("13:00:04")).Job;
            Assert.Equal("13", Hours(job.Open));
        }

        var all = JobPlanner.Plan(Created("10:00", Spec() with { MisfirePolicy = MisfirePolicy.RunAll, OverlapPolicy = OverlapPolicy.Queue }), At("13:00:04")).Job;
        Assert.Equal("11 12 13", Hours(all.Open));
    }

    [Fact]
    public void Run_all_keeps_the_latest_that_there_is_room_for_and_leaves_room_for_what_is_on_time()
    {
        var spec = Spec() with { MisfirePolicy = MisfirePolicy.RunAll, OverlapPolicy = OverlapPolicy.Queue, QueueLimit = 2 };
        var job = JobPlanner.Plan(Created("10:00", spec), At("16:00:01")).Job;

        Assert.Equal(("14 15 16", "11 12 13"), (Hours(job.Open), string.Join(' ', job.Unrecorded.Select(passed => passed.ExecutionId.FireTime.Hour))));
    }

    [Fact]
    public void Run_all_of_a_long_backlog_runs_its_latest_in_order()
    {
        var spec = Spec("* * * * *") with { MisfirePolicy = MisfirePolicy.RunAll, OverlapPolicy = OverlapPolicy.Queue, QueueLimit = 20 };
        var (job, now) = (Created("2016-03-01T10:00:00", spec), At("2016-03-08T10:00:30"));
        JobPlan plan;
        var missed = 0;
        do
        {
            plan = JobPlanner.Plan(job, now);
            missed += plan.Job.Unrecorded.Count;
            job = JobPlanner.Recorded(plan.Job, [.. plan.Job.Unrecorded.Select(passed => passed.ExecutionId)], now).Job;
        }
        while (plan.IsBehind);

        Assert.Equal((7 * 24 * 60) - 21, missed);
        Assert.Equal(Enumerable.Range(0, 21).Select(i => At("2016-03-08T09:40:00").AddMinutes(i)), job.Open.Select(owed => owed.Launch.ExecutionId.FireTime));
        Assert.Equal(20, job.Open.Count(owed => owed.Waits));
    }

    [Fact]
    public void A_deadline_keeps_also_the_latest_from_being_run_too_late()
    {
        var spec = Spec() with { StartingDeadlineSeconds = 3600 };

        Assert.Equal("13", Hours(JobPlanner.Plan(Created("10:00", spec), At("13:59:59.999")).Job.Open));
        Assert.Equal("", Hours(JobPlanner.Plan(Created("10:00", spec with { EndsAt = At("13:30") }), At("14:00")).Job.Open));
    }

    [Fact]
    public void A_launch_that_nobody_claims_is_overdue_at_its_deadline_and_woken_then()
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { StartingDeadlineSeconds = 30 }), At("11:00")).Job;

        Assert.Equal(At("11:00:30"), job.WakeAt);
        Assert.Empty(JobPlanner.Overdue(job, At("11:00:29.999")));
        Assert.Equal([Fired("11:00")], JobPlanner.Overdue(job, At("11:00:30")).Select(owed => owed.Launch.ExecutionId));
        Assert.Equal(At("11:01:30"), JobPlanner.Plan(job, At("11:00:30")).Job.WakeAt); // it may have been claimed: looked at as usual
    }

    [Fact]
    public void Only_first_attempts_of_the_schedule_have_a_deadline()
    {
        var spec = Spec() with { StartingDeadlineSeconds = 30, Retries = new RetryPolicy { Count = 1 } };
        var job = JobPlanner.RunNow(JobPlanner.Plan(Created("10:00", spec), At("11:00")).Job, null, null, At("11:00:01")).Job;
        job = JobPlanner.Finished(job, new ExecutionEnd(Fired("11:00"), ExecutionResult.Failed, 1, At("11:00:05")), At("11:00:05")).Job;

        Assert.Empty(JobPlanner.Overdue(job, At("12:30")));
    }

    [Fact]
    public void Jitter_puts_a_launch_off_by_its_name_and_is_no_misfire()
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { JitterSeconds = 600, MisfirePolicy = MisfirePolicy.Skip }), At("11:00:00")).Job;
        var due = job.Open.Single().Launch.DueAt!.Value;

        Assert.Equal(Fired("11:00"), job.Open[0].Launch.ExecutionId);
        Assert.InRange(due, At("11:00:00"), At("11:10:00"));
        Assert.Equal(due, Spread.DueAt(job.Spec, Fired("11:00")));
        Assert.Equal(due < At("11:01") ? due : At("11:01"), job.WakeAt);
        Assert.False(JobPlanner.MayStart(job.Open[0], due.AddMilliseconds(-1)));
        Assert.True(JobPlanner.MayStart(job.Open[0], due));

        // A plan that comes only a little after the due time is on time still; after that it is a misfire.
        Assert.Single(JobPlanner.Plan(Created("10:00", job.Spec), due.AddSeconds(5)).Job.Open);
        Assert.Empty(JobPlanner.Plan(Created("10:00", job.Spec), due.AddSeconds(5.001)).Job.Open);
    }

    [Fact]
    public void Jitter_spreads_jobs_and_instants_evenly()
    {
        var spec = Spec() with { JitterSeconds = 100 };
        var buckets = Enumerable.Range(0, 2000)
            .Select(i => ExecutionId.Scheduled(JobId.Parse($"job{i % 50}"), At("00:00").AddHours(i / 50)))
            .GroupBy(id => (int)((Spread.DueAt(spec, id)!.Value - id.FireTime).TotalSeconds / 10)).ToList();

        Assert.Equal(10, buckets.Count);
        Assert.All(buckets, bucket => Assert.InRange(bucket.Count(), 130, 270));
        Assert.Equal(69.9, (Spread.DueAt(spec, Fired("11:00"))!.Value - At("11:00")).TotalSeconds, 1); // as it was first released: what is planned must not move
    }

    private static string Hours(IEnumerable<OwedLaunch> launches) => string.Join(' ', launches.Select(owed => owed.Launch.ExecutionId.FireTime.Hour));
}

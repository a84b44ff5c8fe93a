using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

public sealed class RetryTests
{
    private static readonly RetryPolicy Policy = new() { Count = 3 };

    [Theory]
    [InlineData(RetryBackoff.Exponential, "10 20 40 60 60")]
    [InlineData(RetryBackoff.Fixed, "10 10 10 10 10")]
    public void Delays_grow_by_the_backoff_up_to_the_longest(RetryBackoff backoff, string seconds)
    {
        var policy = Policy with { Backoff = backoff, MaxDelaySeconds = 60 };
        var attempt = Fired("11:00");
        var delays = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            attempt = attempt.NextAttempt();
            delays.Add(Retries.Delay(policy, attempt).TotalSeconds);
        }

        Assert.Equal(seconds, string.Join(' ', delays));
    }

    [Fact]
    public void Jitter_is_told_by_the_name_and_spreads()
    {
        var policy = Policy with { Jitter = 0.5 };
        var delays = Enumerable.Range(0, 200).Select(i => Retries.Delay(policy, ExecutionId.Scheduled(Id, At("11:00").AddMinutes(i)).NextAttempt()).TotalSeconds).ToList();

        Assert.All(delays, delay => Assert.InRange(delay, 10, 15));
        Assert.True(delays.Distinct().Count() > 190);
        Assert.InRange(delays.Average(), 12, 13);
        Assert.Equal(delays[7], Retries.Delay(policy, ExecutionId.Scheduled(Id, At("11:07")).NextAttempt()).TotalSeconds);
        Assert.Equal(12.478, Retries.Delay(policy, Fired("11:00").NextAttempt()).TotalSeconds, 3); // as it was first released: what is planned must not move
    }

    [Theory]
    [InlineData(ExecutionResult.Failed, 1, true)]
    [InlineData(ExecutionResult.Failed, null, true)]
    [InlineData(ExecutionResult.TimedOut, null, true)]
    [InlineData(ExecutionResult.Lost, null, true)]
    [InlineData(ExecutionResult.Succeeded, 0, false)]
    [InlineData(ExecutionResult.Cancelled, null, false)]
    [InlineData(ExecutionResult.Skipped, null, false)]
    [InlineData(ExecutionResult.Missed, null, false)]
    public void By_itself_what_failed_timed_out_or_was_lost_is_retried(ExecutionResult result, int? status, bool retried) =>
        Assert.Equal(retried, Next(Policy, result, status) is not null);

    [Theory]
    [InlineData(75, true)]
    [InlineData(1, false)]
    [InlineData(null, false)]
    public void Exit_codes_narrow_down_which_failures_are_retried(int? status, bool retried)
    {
        var policy = Policy with { OnExitCodes = [75, 111] };

        Assert.Equal(retried, Next(policy, ExecutionResult.Failed, status) is not null);
        Assert.NotNull(Next(policy, ExecutionResult.Lost, null));
    }

    [Fact]
    public void Results_narrow_it_down_too()
    {
        var policy = Policy with { On = [ExecutionResult.Lost] };

        Assert.NotNull(Next(policy, ExecutionResult.Lost, null));
        Assert.Null(Next(policy, ExecutionResult.Failed, 1));
    }

    [Fact]
    public void An_attempt_takes_the_place_of_the_one_before_until_there_are_no_more()
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { Retries = new RetryPolicy { Count = 2 } }, Pin()), At("11:00")).Job;
        var first = job.Open.Single().Launch;

        job = Ended(job, ExecutionResult.Failed, "11:00:20", "11:00:21");
        var second = job.Open.Single().Launch;
        Assert.Equal(
            first with { ExecutionId = Fired("11:00").NextAttempt(), Trigger = ExecutionTrigger.Retry, DueAt = At("11:00:30") },
            second);
        Assert.Equal((At("11:00:30"), At("11:00:21")), (job.WakeAt, job.OpenSince));
        Assert.False(JobPlanner.MayStart(job.Open[0], At("11:00:29.999")));
        Assert.True(JobPlanner.MayStart(job.Open[0], At("11:00:30")));

        job = Ended(job, ExecutionResult.Lost, "11:01:00", "11:01:00");
        Assert.Equal((3, At("11:01:20")), (job.Open.Single().Launch.ExecutionId.Attempt, job.Open[0].Launch.DueAt));
        job = Ended(job, ExecutionResult.Failed, "11:02:00", "11:02:00");
        Assert.Empty(job.Open);
        Assert.Equal(At("12:00"), job.WakeAt);
    }

    [Fact]
    public void The_clock_of_a_worker_that_runs_ahead_does_not_put_an_attempt_off()
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { Retries = Policy }), At("11:00")).Job;

        Assert.Equal(At("11:00:15"), Ended(job, ExecutionResult.Failed, "15:00", "11:00:05").Open.Single().Launch.DueAt);
    }

    [Fact]
    public void The_end_of_an_attempt_that_is_told_twice_counts_once()
    {
        var job = JobPlanner.Plan(Created("10:00", Spec() with { Retries = Policy }), At("11:00")).Job;
        var once = Ended(job, ExecutionResult.Failed, "11:00:05", "11:00:05");

        Assert.Same(once, JobPlanner.Finished(once, new ExecutionEnd(Fired("11:00"), ExecutionResult.Failed, 1, At("11:00:05")), At("11:00:06")).Job);
    }

    [Fact]
    public void Nothing_is_retried_of_a_deleted_job_nor_of_the_schedule_of_a_paused_one()
    {
        var job = JobPlanner.RunNow(JobPlanner.Plan(Created("10:00", Spec() with { Retries = Policy }), At("11:00")).Job, null, null, At("11:00:01")).Job;
        var manual = job.Open[1].Launch.ExecutionId;

        var paused = JobPlanner.SetEnabled(job, false, At("11:00:02")).Job;
        Assert.DoesNotContain(Fired("11:00").NextAttempt(), Ids(JobPlanner.Finished(paused, End(Fired("11:00")), At("11:00:05")).Job));
        Assert.Contains(manual.NextAttempt(), Ids(JobPlanner.Finished(paused, End(manual), At("11:00:05")).Job));
        var deleted = JobPlanner.Delete(job, At("11:00:02")).Job;
        Assert.Equal([Fired("11:00")], Ids(JobPlanner.Finished(deleted, End(manual), At("11:00:05")).Job));
    }

    [Fact]
    public void While_an_attempt_waits_for_its_time_a_fire_time_overlaps_with_it()
    {
        var spec = Spec("* * * * *") with { Retries = Policy with { DelaySeconds = 90 } };
        var job = Ended(JobPlanner.Plan(Created("10:00", spec), At("10:01")).Job, ExecutionResult.Failed, "10:01:01", "10:01:01");

        var skipped = Assert.Single(JobPlanner.Plan(job, At("10:02")).Job.Unrecorded);
        Assert.Equal((Fired("10:02"), ExecutionResult.Skipped), (skipped.ExecutionId, skipped.Result));
        Assert.StartsWith("job1@20260301T100100Z.a2 of the same job", skipped.Reason, StringComparison.Ordinal);
    }

    private static ExecutionEnd End(ExecutionId id) => new(id, ExecutionResult.Failed, 1, At("11:00:05"));

    private static IEnumerable<ExecutionId> Ids(JobDocument job) => job.Open.Select(owed => owed.Launch.ExecutionId);

    private static JobDocument Ended(JobDocument job, ExecutionResult result, string finishedAt, string now) =>
        JobPlanner.Finished(job, new ExecutionEnd(job.Open.Single().Launch.ExecutionId, result, result == ExecutionResult.Failed ? 1 : null, At(finishedAt)), At(now)).Job;

    private static ExecuteJob? Next(RetryPolicy policy, ExecutionResult result, int? status)
    {
        var launch = JobPlanner.Plan(Created("10:00"), At("11:00")).Job.Open.Single().Launch;
        return Retries.Next(launch, new ExecutionEnd(launch.ExecutionId, result, status, At("11:00:01")), policy, At("11:00:02"));
    }
}

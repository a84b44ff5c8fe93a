using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Ledger;
using Dcron.Tests.Scheduling;

namespace Dcron.Tests.Ledger;

/// <summary>A fault of each kind, planted in a real store, is found; what is no fault is none.</summary>
public sealed class LedgerTests
{
    private static readonly DateTimeOffset Noon = SomeJob.At("12:00:00");
    private static readonly ExecutionId AtNoon = ExecutionId.Scheduled(SomeJob.Id, Noon);

    [Fact]
    public async Task A_day_in_order_is_whole()
    {
        await using var store = await LedgerStore.CreateAsync();
        var report = await store.VerifyAsync();

        Assert.True(report.IsWhole);
        Assert.Equal((1, 24, 24, 24), (report.Jobs, report.Due, report.Executed, report.Starts));
        Assert.Equal((0, 0, 0, 0), (report.Late.Count, report.Passed.Count, report.Unwitnessed.Count, report.Open));
    }

    [Fact]
    public async Task A_fire_time_without_a_record_is_missing()
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.RemoveAsync(AtNoon);

        var report = await store.VerifyAsync();
        Assert.Equal(AtNoon, Assert.Single(report.Missing.First).ExecutionId);
        Assert.Equal(AtNoon, Assert.Single(report.Unexplained.First).ExecutionId); // its start is still there
        Assert.False(report.IsWhole);
    }

    [Fact]
    public async Task A_fire_time_that_its_job_never_came_to_is_missing()
    {
        await using var store = await LedgerStore.CreateAsync(filled: false);
        await store.SaveAsync(store.Job with { PlannedUpTo = Noon });
        for (var hour = 0; hour <= 12; hour++)
        {
            await store.RanAsync(LedgerStore.From.AddHours(hour));
        }

        var report = await store.VerifyAsync();
        Assert.Equal(11, report.Missing.Count);
        Assert.Contains("has decided up to 2026-03-01T12:00:00.000Z only", report.Missing.First[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_starts_of_one_attempt_are_a_double()
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.Starts.WriteAsync([LedgerStore.StartOf(LedgerStore.Execution(AtNoon))]);

        var report = await store.VerifyAsync();
        Assert.Contains("started 2 times", Assert.Single(report.Double.First).Reason, StringComparison.Ordinal);
        Assert.False(report.IsWhole);
    }

    [Fact]
    public async Task A_start_under_a_claim_that_lost_is_a_double()
    {
        await using var store = await LedgerStore.CreateAsync(filled: false);
        await store.SaveAsync(store.Job with { PlannedUpTo = Noon });
        await store.RanAsync(Noon, started: false);
        await store.Starts.WriteAsync([LedgerStore.StartOf(LedgerStore.Execution(AtNoon), token: "bb")]);

        Assert.Equal(AtNoon, Assert.Single((await store.VerifyAsync(query => query with { From = Noon, To = Noon.AddSeconds(1) })).Double.First).ExecutionId);
    }

    [Fact]
    public async Task An_attempt_after_success_is_a_double_and_one_after_a_failure_is_a_retry()
    {
        await using var store = await LedgerStore.CreateAsync();
        var second = LedgerStore.Execution(AtNoon.NextAttempt());
        await store.History.CreateAsync(second);
        await store.Starts.WriteAsync([LedgerStore.StartOf(second)]);
        Assert.Equal(second.ExecutionId, Assert.Single((await store.VerifyAsync()).Double.First).ExecutionId);

        await store.ReplaceAsync(AtNoon, execution => execution with { ExecutionResult = ExecutionResult.Failed, ExitStatus = 3 });
        var report = await store.VerifyAsync();
        Assert.True(report.IsWhole);
        Assert.Equal((24, 1), (report.Due, report.Retries));
    }

    [Fact]
    public async Task A_late_start_is_told_with_where_the_time_went()
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.ReplaceAsync(AtNoon, execution => execution with { StartedAt = Noon.AddSeconds(3.5), PlannedAt = Noon.AddSeconds(0.25), ClaimedAt = Noon.AddSeconds(3) });

        var report = await store.VerifyAsync();
        Assert.Equal("It started 3.5 s after it was due, planned after 0.25 s, claimed after 3 s.", Assert.Single(report.Late.First).Reason);
        Assert.True(report.IsWhole);
        Assert.Equal(0, (await store.VerifyAsync(query => query with { LateAfter = TimeSpan.FromSeconds(4) })).Late.Count);

        await store.ReplaceAsync(AtNoon, execution => execution with { DueAt = Noon.AddSeconds(3) }); // jitter
        Assert.Equal(0, (await store.VerifyAsync()).Late.Count);
    }

    [Theory]
    [InlineData(ExecutionResult.Skipped, true)]
    [InlineData(ExecutionResult.Missed, true)]
    [InlineData(ExecutionResult.Cancelled, true)]
    [InlineData(ExecutionResult.Skipped, false)]
    [InlineData(ExecutionResult.Succeeded, true)]
    public async Task Only_a_reason_excuses_what_was_not_launched(ExecutionResult result, bool hasReason)
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.RemoveAsync(AtNoon);
        await store.RanAsync(Noon, execution => execution with { ExecutionResult = result, Reason = hasReason ? "It overlapped." : null, WorkerId = null, StartedAt = null, ClaimToken = null }, started: false);

        // The start that was there before now contradicts the record.
        var report = await store.VerifyAsync(query => query with { From = Noon, To = Noon.AddSeconds(1) });
        var excused = hasReason && result != ExecutionResult.Succeeded;
        Assert.Equal(excused ? 1 : 0, report.Passed.Count);
        Assert.Equal(excused ? 1 : 2, report.Unexplained.Count);
        Assert.False(report.IsWhole);
    }

    [Fact]
    public async Task An_execution_at_no_fire_time_and_a_gap_between_attempts_are_unexplained()
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.RanAsync(Noon.AddMinutes(1));
        await store.History.CreateAsync(LedgerStore.Execution(AtNoon.NextAttempt().NextAttempt()) with { StartedAt = null });

        Assert.Equal(2, (await store.VerifyAsync()).Unexplained.Count);
    }

    [Fact]
    public async Task An_execution_of_a_job_that_nobody_knows_is_unexplained()
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.History.CreateAsync(LedgerStore.Execution(ExecutionId.Scheduled(JobId.Parse("stranger"), Noon)) with { StartedAt = null });

        Assert.Equal("stranger", Assert.Single((await store.VerifyAsync()).Unexplained.First).ExecutionId.JobId.Value);
        Assert.True((await store.VerifyAsync(query => query with { JobId = SomeJob.Id })).IsWhole);
    }

    [Fact]
    public async Task A_start_that_is_not_recorded_is_told_and_no_fault_of_the_ledger()
    {
        await using var store = await LedgerStore.CreateAsync(filled: false);
        await store.RanAsync(Noon, started: false);
        await store.RanAsync(Noon.AddHours(1));

        var report = await store.VerifyAsync(query => query with { From = Noon, To = Noon.AddHours(2) });
        Assert.Equal(AtNoon, Assert.Single(report.Unwitnessed.First).ExecutionId);
        Assert.True(report.IsWhole);
    }

    [Fact]
    public async Task What_the_outbox_holds_is_not_missing()
    {
        await using var store = await LedgerStore.CreateAsync(filled: false);
        var planned = JobPlanner.Plan(store.Job with { PlannedUpTo = Noon.AddSeconds(-1) }, Noon.AddSeconds(1)).Job;
        await store.SaveAsync(planned with { PlannedUpTo = LedgerStore.To, Unrecorded = [new PassedInstant(ExecutionId.Scheduled(SomeJob.Id, Noon.AddHours(1)), ExecutionResult.Skipped, "x")] });

        var report = await store.VerifyAsync(query => query with { From = Noon, To = Noon.AddHours(2) });
        Assert.Equal((2, 1, 1, 0), (report.Due, report.Open, report.PassedOver, report.Missing.Count));
    }

    [Fact]
    public async Task A_fire_time_of_just_now_is_pending()
    {
        await using var store = await LedgerStore.CreateAsync(filled: false);
        store.Clock.SetUtcNow(LedgerStore.To.AddHours(1).AddSeconds(5));
        await store.SaveAsync(store.Job with { PlannedUpTo = LedgerStore.To.AddMinutes(30) });

        Assert.Equal(1, (await store.VerifyAsync(query => query with { From = LedgerStore.To.AddMinutes(1), To = LedgerStore.To.AddDays(9) })).Pending);
    }

    [Fact]
    public async Task Each_fire_time_belongs_to_the_spec_that_was_in_force_at_it()
    {
        // Hourly until 06:30, paused until 09:30, each half hour until 12:00 (included), then deleted.
        await using var store = await LedgerStore.CreateAsync(filled: false);
        await store.SaveAsync(store.Job with { PlannedUpTo = SomeJob.At("06:15:00") });
        await store.ChangeAsync(job => JobPlanner.SetEnabled(job, false, SomeJob.At("06:30:00")));
        await store.ChangeAsync(job => JobPlanner.SetEnabled(job, true, SomeJob.At("09:30:00")));
        await store.ChangeAsync(job => JobPlanner.Update(job, SomeJob.Spec("*/30 * * * *"), null, SomeJob.At("09:31:00")));
        await store.SaveAsync(store.Job with { PlannedUpTo = Noon });
        await store.ChangeAsync(job => JobPlanner.Delete(job, Noon));
        string[] ran = ["00:00:00", "01:00:00", "02:00:00", "03:00:00", "04:00:00", "05:00:00", "06:00:00", "10:00:00", "10:30:00", "11:00:00", "11:30:00", "12:00:00"];
        foreach (var time in ran)
        {
            await store.RanAsync(SomeJob.At(time));
        }

        Check(await store.VerifyAsync());
        await store.BuryAsync();
        Check(await store.VerifyAsync());

        await store.RemoveAsync(ExecutionId.Scheduled(SomeJob.Id, SomeJob.At("11:30:00")));
        Assert.Equal(1, (await store.VerifyAsync()).Missing.Count);

        void Check(LedgerReport report)
        {
            Assert.True(report.IsWhole, string.Join('\n', report.Missing.First.Concat(report.Unexplained.First).Concat(report.Double.First)));
            Assert.Equal((12, 12), (report.Due, report.Executed));
        }
    }

    [Theory]
    [InlineData("08:30:00")]
    [InlineData("13:00:00")]
    public async Task A_fire_time_of_another_version_of_the_spec_is_unexplained(string time)
    {
        // Hourly until half past nine, at 00:30, 01:30 … from then on.
        await using var store = await LedgerStore.CreateAsync(filled: false);
        await store.SaveAsync(store.Job with { PlannedUpTo = SomeJob.At("09:15:00") });
        await store.ChangeAsync(job => JobPlanner.Update(job, SomeJob.Spec("30 * * * *"), null, SomeJob.At("09:20:00")));
        await store.SaveAsync(store.Job with { PlannedUpTo = LedgerStore.To });
        for (var hour = 0; hour < 24; hour++)
        {
            await store.RanAsync(LedgerStore.From.AddHours(hour).AddMinutes(hour < 10 ? 0 : -30));
        }

        await store.RanAsync(SomeJob.At("23:30:00"));
        Assert.True((await store.VerifyAsync()).IsWhole);
        await store.RanAsync(SomeJob.At(time));

        Assert.EndsWith("is no fire time of the spec that was in force then.", Assert.Single((await store.VerifyAsync()).Unexplained.First).Reason, StringComparison.Ordinal);
    }

    /// <summary>In Lisbon there is no 01:30 on 29 March 2026 (01:00 UTC is 02:00), and there are two on 25 October (00:30 and 01:30 UTC).</summary>
    [Theory]
    [InlineData("2026-03-29", DstGap.Shift, DstOverlap.Auto, "01:00", "00:30 01:30")]
    [InlineData("2026-03-29", DstGap.Skip, DstOverlap.Auto, "", "00:30 01:00 01:30")]
    [InlineData("2026-10-25", DstGap.Shift, DstOverlap.Auto, "00:30", "01:30")]
    [InlineData("2026-10-25", DstGap.Shift, DstOverlap.Second, "01:30", "00:30")]
    [InlineData("2026-10-25", DstGap.Shift, DstOverlap.Both, "00:30 01:30", "")]
    public async Task Where_clocks_change_what_ran_by_another_rule_is_unexplained_and_what_did_not_run_is_missing(string day, DstGap gap, DstOverlap overlap, string due, string others)
    {
        await using var store = await LedgerStore.CreateAsync(SomeJob.Spec("30 1 * * *") with { Timezone = "Europe/Lisbon", DstGap = gap, DstOverlap = overlap }, filled: false);
        var (from, to) = (At("00:00"), At("03:00"));
        store.Clock.SetUtcNow(to.AddDays(1));
        await store.SaveAsync(store.Job with { PlannedUpTo = to.AddDays(1) });
        Assert.Equal(Of(due), (await CheckAsync()).Missing.First.Select(finding => finding.FireTime));

        foreach (var fireTime in Of(due))
        {
            await store.RanAsync(fireTime);
        }

        Assert.True((await CheckAsync()).IsWhole);
        foreach (var fireTime in Of(others))
        {
            await store.RanAsync(fireTime);
        }

        var report = await CheckAsync();
        Assert.Equal(0, report.Missing.Count);
        Assert.Equal(Of(others), report.Unexplained.First.Select(finding => finding.FireTime));

        Task<LedgerReport> CheckAsync() => store.VerifyAsync(query => query with { From = from, To = to });
        DateTimeOffset At(string time) => SomeJob.At($"{day}T{time}:00");
        IEnumerable<DateTimeOffset> Of(string times) => times.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(At);
    }

    [Theory]
    [InlineData(true, 60, 0)]
    [InlineData(false, 60, 1)]
    [InlineData(false, 5, 0)]
    public async Task What_is_running_for_long_without_its_job_is_stuck(bool isOpen, int minutes, int stuck)
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.ReplaceAsync(AtNoon, execution => execution with
        {
            ExecutionResult = ExecutionResult.Running, ExitStatus = null, FinishedAt = null, ClaimedAt = store.Clock.GetUtcNow().AddMinutes(-minutes),
        });
        if (isOpen)
        {
            var launch = new ExecuteJob { ExecutionId = AtNoon, JobId = AtNoon.JobId, JobVersion = 1, ScriptType = "python", ScriptLocation = "s3://scripts/a.py", Trigger = ExecutionTrigger.Schedule };
            await store.SaveAsync(store.Job with { Open = [new OwedLaunch(launch, Noon)] });
        }

        var report = await store.VerifyAsync();
        Assert.Equal((1, stuck, stuck == 0), (report.Open, report.Unexplained.Count, report.IsWhole));
        Assert.All(report.Unexplained.First, finding => Assert.Contains("its job does not look after it", finding.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_result_that_came_after_lost_is_no_double_beside_the_next_attempt_and_one_in_its_place_is()
    {
        await using var store = await LedgerStore.CreateAsync();
        var late = new LateResult(ExecutionResult.Succeeded, 0, null, Noon.AddSeconds(2), Noon.AddSeconds(30));
        var second = LedgerStore.Execution(AtNoon.NextAttempt());
        await store.History.CreateAsync(second);
        await store.Starts.WriteAsync([LedgerStore.StartOf(second)]);
        await store.ReplaceAsync(AtNoon, execution => execution with { ExecutionResult = ExecutionResult.Lost, ExitStatus = null, Late = late });
        Assert.True((await store.VerifyAsync()).IsWhole);

        await store.ReplaceAsync(AtNoon, execution => execution with { ExecutionResult = ExecutionResult.Succeeded, ExitStatus = 0, Late = null });
        Assert.Equal(second.ExecutionId, Assert.Single((await store.VerifyAsync()).Double.First).ExecutionId);
    }

    [Fact]
    public async Task A_version_that_never_took_effect_counts_for_nothing()
    {
        await using var store = await LedgerStore.CreateAsync();
        var lost = JobVersions.WithToken(JobPlanner.Update(store.Job, SomeJob.Spec("* * * * *"), null, Noon).Job);
        await new JobVersions(store.Documents).SaveAsync(lost, store.Job.VersionToken);

        Assert.True((await store.VerifyAsync()).IsWhole);
    }

    [Fact]
    public async Task Months_that_retention_dropped_are_not_missing()
    {
        await using var store = await LedgerStore.CreateAsync();
        await store.SaveAsync(store.Job);
        await store.Documents.DropCollectionAsync(JobCollections.ExecutionsOf(LedgerStore.Born));

        var report = await store.VerifyAsync(query => query with { From = LedgerStore.Born.AddMinutes(-1) });
        Assert.True(report.IsWhole);
        Assert.Equal((24, 24, 0), (report.Due, report.Executed, report.Expired));

        await store.Documents.DropCollectionAsync(JobCollections.ExecutionsOf(Noon));
        await store.Documents.DropCollectionAsync(JobCollections.StartsOf(Noon));
        Assert.Equal(24, (await store.VerifyAsync()).Missing.Count); // without the horizon, a month that is gone is a month that is missing

        await new HistoryHorizon(store.Documents).AdvanceAsync(SomeJob.At("2026-04-01T00:00:00"));
        report = await store.VerifyAsync();
        Assert.True(report.IsWhole);
        Assert.Equal((24, 0), (report.Expired, report.Missing.Count));
    }

    [Fact]
    public async Task All_findings_are_counted_and_the_first_ones_told()
    {
        await using var store = await LedgerStore.CreateAsync(filled: false);

        var report = await store.VerifyAsync(query => query with { Limit = 3 });
        Assert.Equal((24, 3), (report.Missing.Count, report.Missing.First.Count));
    }

    [Fact]
    public async Task Manual_runs_are_no_fire_times_but_may_not_be_started_twice_either()
    {
        await using var store = await LedgerStore.CreateAsync();
        var manual = LedgerStore.Execution(ExecutionId.ManualRun(SomeJob.Id, Noon.AddMinutes(7), 1));
        await store.History.CreateAsync(manual);
        await store.Starts.WriteAsync([LedgerStore.StartOf(manual)]);
        var report = await store.VerifyAsync();
        Assert.True(report.IsWhole);
        Assert.Equal((24, 1), (report.Due, report.Others));

        await store.Starts.WriteAsync([LedgerStore.StartOf(manual)]);
        Assert.Equal(manual.ExecutionId, Assert.Single((await store.VerifyAsync()).Double.First).ExecutionId);
    }

    [Fact]
    public async Task Whoever_asks_for_one_namespace_sees_no_job_of_another()
    {
        await using var store = await LedgerStore.CreateAsync(SomeJob.Spec("0 * * * *") with { Namespace = "red" });
        await store.RemoveAsync(AtNoon);

        Assert.Equal((1L, 24L, 1L), await SeenAsync("red", "blue"));
        Assert.Equal((0L, 0L, 0L), await SeenAsync("blue"));

        async Task<(long, long, long)> SeenAsync(params string[] namespaces)
        {
            var report = await store.VerifyAsync(query => query with { Namespaces = namespaces });
            return (report.Jobs, report.Due, report.Missing.Count);
        }
    }
}

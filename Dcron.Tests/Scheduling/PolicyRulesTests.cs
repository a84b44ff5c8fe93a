using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

/// <summary>Policies that can't be, or that contradict each other: each is refused by its field, with the way out.</summary>
public sealed class PolicyRulesTests
{
    private static readonly RetryPolicy Twice = new() { Count = 2 };

    public static TheoryData<string, string> Wrong { get; } = new()
    {
        { "misfire_policy skip", "run_all contradicts overlap_policy skip, by which only one of the missed fire times would run; set overlap_policy to queue" },
        { "misfire_policy replace", "run_all contradicts overlap_policy replace" },
        { "starting_deadline_seconds 0", "must be 1 to 2592000 (30 days); leave it out for no limit" },
        { "starting_deadline_seconds nan", "must be 1 to 2592000" },
        { "queue_limit 0", "must be 1 to 100; leave it out for 10" },
        { "queue_limit 101", "must be 1 to 100" },
        { "queue_limit skip", "has no meaning with overlap_policy skip; leave it out, or set overlap_policy to queue" },
        { "retries.count ever", "must be 1 to 100: nothing is retried for ever; leave out retries for none" },
        { "retries.count many", "must be 1 to 100" },
        { "retries.delay_seconds 0", "must be 1 to 86400 (1 day): without a delay, whatever made it fail is still there" },
        { "retries.delay_seconds long", "must be 1 to 86400" },
        { "retries.max_delay_seconds", "must be from retries.delay_seconds (60) to 604800 (7 days)" },
        { "retries.jitter", "must be 0 to 1" },
        { "retries.backoff", "must be one of exponential, fixed" },
        { "retries.on_exit_codes 0", "(0 is success)" },
        { "retries.on_exit_codes lost", "contradicts retries.on, which does not have failed" },
        { "retries.on none", "must name what is retried" },
        { "retries.on succeeded", "can have failed, timed_out and lost, not succeeded" },
        { "jitter_seconds negative", "must be 0 to 86400 (1 day)" },
        { "jitter_seconds long", "must be less than the time between two fire times, which is 3600 s from 2026-03-01T11:00:00.000Z to 2026-03-01T12:00:00.000Z" },
        { "dst_gap", "must be one of shift, skip" },
        { "dst_overlap", "must be one of auto, first, second, both" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_policy_that_can_not_be_is_named_with_the_way_out(string what, string expected)
    {
        var error = Assert.Single(JobSpecRules.Check(Make(what), Id, At("10:00")));

        Assert.Equal(what.Split(' ')[0], error.Field);
        Assert.StartsWith(error.Field + " ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Policies_at_all_limits_are_valid()
    {
        var spec = Spec("H H * * *") with
        {
            OverlapPolicy = OverlapPolicy.Queue,
            QueueLimit = 100,
            MisfirePolicy = MisfirePolicy.RunAll,
            StartingDeadlineSeconds = 1,
            JitterSeconds = 24 * 3600 - 1,
            DstGap = DstGap.Skip,
            DstOverlap = DstOverlap.Both,
            Retries = new RetryPolicy { Count = 100, Backoff = RetryBackoff.Fixed, DelaySeconds = 86_400, MaxDelaySeconds = 604_800, Jitter = 1, OnExitCodes = [1, 255], On = [ExecutionResult.Failed] },
        };

        Assert.Empty(JobSpecRules.Check(spec, Id, At("10:00")));
        Assert.Empty(JobSpecRules.Check(Spec() with { OverlapPolicy = OverlapPolicy.Allow, MisfirePolicy = MisfirePolicy.RunAll, Retries = Twice }, Id, At("10:00")));
        Assert.Empty(JobSpecRules.Check(Spec() with { OverlapPolicy = OverlapPolicy.Replace, MisfirePolicy = MisfirePolicy.Skip, JitterSeconds = 0 }, Id, At("10:00")));
    }

    private static JobSpec Make(string what) => what switch
    {
        "misfire_policy skip" => Spec() with { MisfirePolicy = MisfirePolicy.RunAll },
        "misfire_policy replace" => Spec() with { MisfirePolicy = MisfirePolicy.RunAll, OverlapPolicy = OverlapPolicy.Replace },
        "starting_deadline_seconds 0" => Spec() with { StartingDeadlineSeconds = 0 },
        "starting_deadline_seconds nan" => Spec() with { StartingDeadlineSeconds = double.NaN },
        "queue_limit 0" => Spec() with { OverlapPolicy = OverlapPolicy.Queue, QueueLimit = 0 },
        "queue_limit 101" => Spec() with { OverlapPolicy = OverlapPolicy.Queue, QueueLimit = 101 },
        "queue_limit skip" => Spec() with { QueueLimit = 10 },
        "retries.count ever" => Spec() with { Retries = Twice with { Count = -1 } },
        "retries.count many" => Spec() with { Retries = Twice with { Count = 101 } },
        "retries.delay_seconds 0" => Spec() with { Retries = Twice with { DelaySeconds = 0 } },
        "retries.delay_seconds long" => Spec() with { Retries = Twice with { DelaySeconds = 86_401, MaxDelaySeconds = 86_401 } },
        "retries.max_delay_seconds" => Spec() with { Retries = Twice with { DelaySeconds = 60, MaxDelaySeconds = 59 } },
        "retries.jitter" => Spec() with { Retries = Twice with { Jitter = 1.1 } },
        "retries.backoff" => Spec() with { Retries = Twice with { Backoff = (RetryBackoff)7 } },
        "retries.on_exit_codes 0" => Spec() with { Retries = Twice with { OnExitCodes = [0] } },
        "retries.on_exit_codes lost" => Spec() with { Retries = Twice with { OnExitCodes = [75], On = [ExecutionResult.Lost] } },
        "retries.on none" => Spec() with { Retries = Twice with { On = [] } },
        "retries.on succeeded" => Spec() with { Retries = Twice with { On = [ExecutionResult.Lost, ExecutionResult.Succeeded] } },
        "jitter_seconds negative" => Spec() with { JitterSeconds = -1 },
        "jitter_seconds long" => Spec() with { JitterSeconds = 3600 },
        "dst_gap" => Spec() with { DstGap = (DstGap)7 },
        "dst_overlap" => Spec() with { DstOverlap = (DstOverlap)7 },
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
    };
}

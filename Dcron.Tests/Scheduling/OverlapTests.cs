using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

/// <summary>
/// The overlap policies case by case. Launches are written as their fire time in minutes after ten: <c>5</c> is owed or runs, <c>(5)</c> waits, <c>5!9</c> is to be
/// ended for the one at 9, <c>m5</c> is a manual run, <c>b5</c> a backfill, <c>5.2</c> a second attempt.
/// </summary>
public sealed class OverlapTests
{
    [Theory]

    // Nothing is open: every policy starts the fire time.
    [InlineData(OverlapPolicy.Skip, "", "5", "5", "")]
    [InlineData(OverlapPolicy.Allow, "", "5", "5", "")]
    [InlineData(OverlapPolicy.Queue, "", "5", "5", "")]
    [InlineData(OverlapPolicy.Replace, "", "5", "5", "")]

    // Something of the schedule is open, be it an attempt that waits for its time.
    [InlineData(OverlapPolicy.Skip, "1", "5", "1", "5")]
    [InlineData(OverlapPolicy.Skip, "1.2", "5", "1.2", "5")]
    [InlineData(OverlapPolicy.Allow, "1", "5", "1 5", "")]
    [InlineData(OverlapPolicy.Queue, "1", "5", "1 (5)", "")]
    [InlineData(OverlapPolicy.Queue, "1 (5)", "6 7 8 9", "1 (5) (6) (7)", "8 9")]
    [InlineData(OverlapPolicy.Replace, "1", "5", "1!5 (5)", "")]
    [InlineData(OverlapPolicy.Replace, "1.2", "5", "1.2!5 (5)", "")]
    [InlineData(OverlapPolicy.Replace, "1!5 (5)", "9", "1!5 (9)", "5")]

    // Several are due in one plan.
    [InlineData(OverlapPolicy.Skip, "", "5 6 7", "5", "6 7")]
    [InlineData(OverlapPolicy.Allow, "", "5 6 7", "5 6 7", "")]
    [InlineData(OverlapPolicy.Queue, "", "5 6 7", "5 (6) (7)", "")]
    [InlineData(OverlapPolicy.Queue, "", "5 6 7 8 9", "5 (6) (7) (8)", "9")]
    [InlineData(OverlapPolicy.Replace, "", "5 6 7", "7", "5 6")]
    [InlineData(OverlapPolicy.Replace, "1", "5 6", "1!5 (6)", "5")]

    // A manual run counts as open and is never ended.
    [InlineData(OverlapPolicy.Skip, "m1", "5", "m1", "5")]
    [InlineData(OverlapPolicy.Allow, "m1", "5", "m1 5", "")]
    [InlineData(OverlapPolicy.Queue, "m1", "5", "m1 (5)", "")]
    [InlineData(OverlapPolicy.Replace, "m1 2", "5", "m1 2!5 (5)", "")]

    // A backfill keeps no fire time from being launched, but only allow starts it beside one.
    [InlineData(OverlapPolicy.Skip, "b1", "5 6", "b1 (5)", "6")]
    [InlineData(OverlapPolicy.Allow, "b1", "5", "b1 5", "")]
    [InlineData(OverlapPolicy.Queue, "b1", "5 6", "b1 (5) (6)", "")]
    [InlineData(OverlapPolicy.Replace, "b1", "5 6", "b1 (6)", "5")]
    public void A_fire_time_is_started_waits_is_skipped_or_takes_a_place(OverlapPolicy policy, string open, string due, string then, string skipped)
    {
        var spec = Spec() with { OverlapPolicy = policy, QueueLimit = policy == OverlapPolicy.Queue ? 3 : null };

        var result = Overlap.Take(Launches(open), Launches(due), spec);

        Assert.Equal((then, skipped), (Text(result.Open), string.Join(' ', result.Skipped.Select(passed => Short(passed.ExecutionId)))));
        Assert.All(result.Skipped, passed => Assert.Equal(ExecutionResult.Skipped, passed.Result));
    }

    [Theory]
    [InlineData(OverlapPolicy.Skip, "", "")]
    [InlineData(OverlapPolicy.Queue, "1 (2)", "1 (2)")]
    [InlineData(OverlapPolicy.Queue, "(2) (3)", "2 (3)")]
    [InlineData(OverlapPolicy.Queue, "1.2 (2)", "1.2 (2)")]
    [InlineData(OverlapPolicy.Replace, "1!5 (5)", "1!5 (5)")]
    [InlineData(OverlapPolicy.Replace, "(5)", "5")]
    [InlineData(OverlapPolicy.Skip, "b1 (5)", "b1 (5)")]
    [InlineData(OverlapPolicy.Skip, "(5)", "5")]
    [InlineData(OverlapPolicy.Allow, "1 (2) (3)", "1 2 3")] // the policy was another when they came
    [InlineData(OverlapPolicy.Skip, "(2) (3)", "2 (3)")]
    public void What_waits_starts_when_nothing_else_is_open(OverlapPolicy policy, string open, string then)
    {
        var before = Launches(open);

        var after = Overlap.Release(before, policy);

        Assert.Equal(then, Text(after));
        Assert.Equal(open == then, ReferenceEquals(before, after));
    }

    [Fact]
    public void Also_where_overlap_is_allowed_no_more_than_100_are_open_and_fewer_of_large_ones()
    {
        var spec = Spec() with { OverlapPolicy = OverlapPolicy.Allow };
        var many = Overlap.Take([], [.. Enumerable.Range(0, 130).Select(i => Launch(Fired("10:00").FireTime.AddSeconds(i)))], spec);
        Assert.Equal((100, 30), (many.Open.Count, many.Skipped.Count));
        Assert.Equal("100 executions of the same job were queued or running already, the most that may be (overlap policy allow).", many.Skipped[0].Reason);

        var large = spec with { Args = [.. Enumerable.Repeat(new string('x', 32 * 1024), 7)] };
        Assert.InRange(Overlap.MostOpen(large), 10, 20);
    }

    [Fact]
    public void Each_skipped_instant_says_what_stood_in_its_way()
    {
        string Reason(OverlapPolicy policy, string open, string due) => Overlap.Take(Launches(open), Launches(due), Spec() with { OverlapPolicy = policy, QueueLimit = policy == OverlapPolicy.Queue ? 1 : null }).Skipped[0].Reason;

        Assert.Equal("job1@20260301T100100Z of the same job was still queued or running (overlap policy skip).", Reason(OverlapPolicy.Skip, "1", "5"));
        Assert.Equal("1 fire times of the same job were waiting already, the most that may (overlap policy queue).", Reason(OverlapPolicy.Queue, "1 (2)", "5"));
        Assert.Equal("job1@20260301T100600Z of the same job took its place (overlap policy replace).", Reason(OverlapPolicy.Replace, "", "5 6"));
    }

    private static List<OwedLaunch> Launches(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    private static OwedLaunch Parse(string word)
    {
        var waits = word[0] == '(';
        var (name, by) = word.Trim('(', ')').Split('!') is [var first, var second] ? (first, second) : (word.Trim('(', ')'), null);
        var kind = char.IsLetter(name[0]) ? name[0] : 's';
        var number = kind == 's' ? name : name[1..];
        var (minute, attempt) = number.Split('.') is [var m, var a] ? (m, int.Parse(a)) : (number, 1);
        var id = kind switch
        {
            'm' => ExecutionId.ManualRun(Id, Time(minute), 1),
            'b' => ExecutionId.Backfilled(Id, Time(minute), 1),
            _ => ExecutionId.Scheduled(Id, Time(minute)),
        };
        for (; attempt > 1; attempt--)
        {
            id = id.NextAttempt();
        }

        return Launch(id) with { Waits = waits, ReplacedBy = by is null ? null : ExecutionId.Scheduled(Id, Time(by)) };
    }

    private static string Text(IReadOnlyList<OwedLaunch> open) => string.Join(' ', open.Select(owed =>
    {
        var name = Short(owed.Launch.ExecutionId);
        return owed.ReplacedBy is { } by ? $"{name}!{Short(by)}" : owed.Waits ? $"({name})" : name;
    }));

    private static string Short(ExecutionId id) => (id.Manual > 0 ? "m" : id.Backfill > 0 ? "b" : "") + id.FireTime.Minute + (id.Attempt > 1 ? $".{id.Attempt}" : "");

    private static DateTimeOffset Time(string minute) => At("10:00").AddMinutes(int.Parse(minute));

    private static OwedLaunch Launch(DateTimeOffset fireTime) => Launch(ExecutionId.Scheduled(Id, fireTime));

    private static OwedLaunch Launch(ExecutionId id) => new(
        new ExecuteJob { ExecutionId = id, JobId = Id, JobVersion = 1, ScriptType = "python", ScriptLocation = "s3://scripts/a.py", Trigger = ExecutionTrigger.Schedule },
        At("10:00"));
}

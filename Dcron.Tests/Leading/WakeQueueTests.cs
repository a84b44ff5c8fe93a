using CsCheck;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;

namespace Dcron.Tests.Leading;

public sealed class WakeQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_is_taken_before_its_time()
    {
        var queue = new WakeQueue();
        queue.Arm(JobId.Parse("a"), Start.AddSeconds(1));
        Assert.False(queue.TryTake(Start, out _));
        Assert.True(queue.TryTake(Start.AddSeconds(1), out var job));
        Assert.Equal("a", job.Value);
        Assert.Null(queue.NextAt);
    }

    [Fact]
    public void The_earliest_time_asked_for_counts_and_only_once()
    {
        var queue = new WakeQueue();
        queue.Arm(JobId.Parse("a"), Start.AddSeconds(9));
        queue.Arm(JobId.Parse("a"), Start.AddSeconds(3));
        queue.Arm(JobId.Parse("a"), Start.AddSeconds(5));
        Assert.Equal(Start.AddSeconds(3), queue.NextAt);
        Assert.True(queue.TryTake(Start.AddSeconds(10), out _));
        Assert.False(queue.TryTake(Start.AddSeconds(10), out _));
    }

    [Fact]
    public void It_takes_what_a_plain_model_takes() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 20], Gen.Bool).Array[1, 60].Sample(steps =>
        {
            var queue = new WakeQueue();
            var model = new Dictionary<string, int>();
            foreach (var (job, second, take) in steps)
            {
                if (!take)
                {
                    queue.Arm(JobId.Parse($"j{job}"), Start.AddSeconds(second));
                    model[$"j{job}"] = Math.Min(second, model.GetValueOrDefault($"j{job}", int.MaxValue));
                    continue;
                }

                var due = model.Where(pair => pair.Value <= second).ToList();
                var taken = queue.TryTake(Start.AddSeconds(second), out var got);
                if (taken != due.Count > 0 || (taken && model[got.Value] != due.Min(pair => pair.Value)))
                {
                    return false;
                }

                if (taken)
                {
                    model.Remove(got.Value);
                }
            }

            return queue.Count == model.Count;
        });
}

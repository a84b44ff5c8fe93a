using CsCheck;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Tests.Records;

public sealed class ExecutionIdTests
{
    private static readonly DateTimeOffset FireTime = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_scheduled_execution_is_named_by_job_and_fire_time() =>
        Assert.Equal("backup@20260329T010000Z", ExecutionId.Scheduled(JobId.Parse("backup"), FireTime).ToString());

    [Fact]
    public void A_manual_run_bears_its_counter() =>
        Assert.Equal("backup@20260329T010000Z.m12", ExecutionId.ManualRun(JobId.Parse("backup"), FireTime.AddMilliseconds(700), 12).ToString());

    [Fact]
    public void A_backfill_bears_its_number_and_each_attempt_its_own()
    {
        var id = ExecutionId.Backfilled(JobId.Parse("backup"), FireTime, 2);

        Assert.Equal("backup@20260329T010000Z.b2.a3", id.NextAttempt().NextAttempt().ToString());
        Assert.False(id.IsScheduled);
        Assert.True(ExecutionId.Scheduled(JobId.Parse("backup"), FireTime).NextAttempt().IsScheduled);
    }

    [Fact]
    public void The_fire_time_is_taken_in_UTC() =>
        Assert.Equal("a@20260329T010000Z", ExecutionId.Scheduled(JobId.Parse("a"), FireTime.ToOffset(TimeSpan.FromHours(5))).ToString());

    [Theory]
    [InlineData("backup@20260329T010000Z.a2")]
    [InlineData("backup@20260329T010000Z.m3.a2")]
    [InlineData("backup@20260329T010000Z.b1")]
    [InlineData("backup@20260329T010000Z.b3.a2")]
    public void Further_attempts_are_read_back(string text) => Assert.Equal(text, ExecutionId.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("backup")]
    [InlineData("@20260329T010000Z")]
    [InlineData("Backup@20260329T010000Z")]
    [InlineData("a@20260230T010000Z")]
    [InlineData("a@20260329T010000")]
    [InlineData("a@20260329T010000Z.")]
    [InlineData("a@20260329T010000Z.m0")]
    [InlineData("a@20260329T010000Z.m01")]
    [InlineData("a@20260329T010000Z.m+1")]
    [InlineData("a@20260329T010000Z.a1")]
    [InlineData("a@20260329T010000Z.a2.m1")]
    [InlineData("a@20260329T010000Z.m1.m1")]
    [InlineData("a@20260329T010000Z.b0")]
    [InlineData("a@20260329T010000Z.m1.b1")]
    [InlineData("a@20260329T010000Z.b1.m1")]
    [InlineData("a@20260329T010000Z.a2.b1")]
    [InlineData("a@20260329T010000Z.x1")]
    [InlineData("../a@20260329T010000Z")]
    public void Anything_else_is_no_name(string? text) => Assert.False(ExecutionId.TryParse(text, out _));

    [Fact]
    public void Every_name_is_read_back_as_what_it_was() =>
        Gen.Select(Gen.Long[0, 4_000_000_000], Gen.Int[0, 99_999]).Sample((seconds, counter) =>
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(seconds);
            var id = counter == 0 ? ExecutionId.Scheduled(JobId.Parse("j1"), time) : ExecutionId.ManualRun(JobId.Parse("j1"), time, counter);
            return ExecutionId.Parse(id.ToString()) == id;
        });

    [Fact]
    public void Generated_job_ids_sort_by_creation()
    {
        var ids = Enumerable.Range(0, 50).Select(i => JobId.New(FireTime.AddMilliseconds(i)).Value).ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.All(ids, id => Assert.True(JobId.TryParse(id, out _)));
    }
}

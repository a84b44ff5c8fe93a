using Dcron.Grains.Jobs.Planning;

namespace Dcron.Tests.Scheduling;

public sealed class ScheduleCacheTests
{
    [Fact]
    public void Jobs_with_the_same_time_and_zone_share_one_entry()
    {
        var cache = new ScheduleCache(8);

        Assert.Same(cache.Get("0 * * * THU", "UTC", "a"), cache.Get("0 * * * THU", "UTC", "b"));
        Assert.NotSame(cache.Get("0 * * * THU", "UTC", "a"), cache.Get("0 * * * THU", "Europe/Lisbon", "a"));
    }

    [Fact]
    public void Jobs_with_H_have_entries_of_their_own()
    {
        var cache = new ScheduleCache(8);

        Assert.NotSame(cache.Get("H * * * *", "UTC", "a"), cache.Get("H * * * *", "UTC", "b"));
        Assert.Same(cache.Get("H * * * *", "UTC", "a"), cache.Get("H * * * *", "UTC", "a"));
    }

    [Fact]
    public void It_stays_within_its_capacity_and_keeps_what_is_used()
    {
        var cache = new ScheduleCache(8);
        var used = cache.Get("59 * * * *", "UTC", "a");
        for (var minute = 0; minute < 50; minute++)
        {
            cache.Get($"{minute} * * * *", "UTC", "a");
            Assert.Same(used, cache.Get("59 * * * *", "UTC", "a"));
            Assert.InRange(cache.Count, 1, 8);
        }
    }

    [Fact]
    public void A_stored_spec_that_this_machine_can_not_read_is_told_plainly()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new ScheduleCache(8).Get("0 * * * *", "Europe/Atlantis", "a"));

        Assert.StartsWith("The stored timezone is 'Europe/Atlantis', which is no IANA time zone", error.Message, StringComparison.Ordinal);
    }
}

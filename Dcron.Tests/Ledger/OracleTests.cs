using CsCheck;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Ledger.Oracle;
using Dcron.Tests.Scheduling;

namespace Dcron.Tests.Ledger;

/// <summary>Two ways to find fire times that share no code; where they agree on everything that is generated, neither is likely to be wrong.</summary>
public sealed class OracleTests
{
    private static readonly DateTimeOffset Begin = new(1975, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Zones =
    [
        "UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Amman", "America/Santiago", "Africa/Cairo", "Pacific/Apia", "America/Caracas",
        "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kiritimati", "Europe/London", "Asia/Tehran", "Antarctica/Troll",
    ];

    private static readonly string[] Texts =
    [
        "* * * * * *", "*/20 * * * * *", "30 1 * * *", "0 2 * * *", "0,30 1,2 * * *", "30 1-2 * * *", "*/15 * * * *", "15 2 * * 1/2", "0 0 * * */7", "0 22-2 * * FRI-SUN",
        "@daily", "@hourly", "0 3 L * *", "0 3 LW * *", "0 3 15W * *", "0 3 1W * *", "0 3 L-3 * *", "0 3 * * FRIL", "0 3 * * MON#2", "H H * * *", "H/15 * * * *",
        "H H H * *", "0 0 31 H *", "0 12 13 * FRI", "0 0 29 2 *", "5/7 0 * * 7-2/2", "0 0 ? * 7",
    ];

    private static readonly Gen<string> AnyText = Gen.OneOf(Gen.OneOfConst(Texts), CronText.Schedule.Select(schedule => schedule.Text));

    /// <summary>Instants near a change of the zone's clocks come more often than chance would have it.</summary>
    private static readonly Gen<(string Zone, DateTimeOffset From)> AnyPlace = Gen.OneOfConst(Zones).SelectMany(name =>
    {
        var changes = Transitions.Of(TimeZoneInfo.FindSystemTimeZoneById(name), 2005, 2028).ToArray();
        var anywhere = Gen.Long[0, 75L * 365 * 24 * 3600].Select(seconds => Begin.AddSeconds(seconds));
        return (changes.Length == 0 ? anywhere
            : Gen.Frequency((1, anywhere), (3, Gen.Select(Gen.OneOfConst(changes), Gen.Int[-200_000, 90_000], (change, seconds) => change.AddSeconds(seconds)))))
            .Select(from => (name, from));
    });

    [Fact]
    public void The_ledger_and_the_planner_find_the_same_fire_times() =>
        Gen.Select(AnyText, AnyPlace, Gen.Int[0, 4 * 24 * 3600], Gen.Enum<DstGap>(), Gen.Enum<DstOverlap>(), Gen.Int[1, 9]).Sample((text, place, seconds, gap, overlap, job) =>
        {
            var spec = SomeJob.Spec(text) with { Timezone = place.Zone, DstGap = gap, DstOverlap = overlap };
            var (id, to) = (JobId.Parse($"job{job}"), place.From.AddSeconds(text.StartsWith("* * * * * ", StringComparison.Ordinal) ? Math.Min(seconds, 7200) : seconds));

            Assert.Equal(JobSchedules.Of(spec, id).Between(place.From, to), new FireTimeOracle(spec, id).Between(place.From, to));
        }, iter: 3000);

    [Fact]
    public void Years_of_rare_fire_times_are_found_too() =>
        Gen.Select(AnyText, Gen.OneOfConst(Zones)).Sample((text, zone) =>
        {
            var spec = SomeJob.Spec(text) with { Timezone = zone, StartsAt = Begin.AddYears(40), EndsAt = Begin.AddYears(60) };
            var (planner, oracle) = (JobSchedules.Of(spec, SomeJob.Id), new FireTimeOracle(spec, SomeJob.Id));

            Assert.Equal(planner.Between(Begin, DateTimeOffset.MaxValue).Take(300), oracle.Between(Begin, DateTimeOffset.MaxValue.AddYears(-1)).Take(300));
        }, iter: 200);

    [Fact]
    public void Periods_put_together_give_the_whole() =>
        Gen.Select(AnyText, AnyPlace, Gen.Int[1, 100_000].Array[1, 5]).Sample((text, place, cuts) =>
        {
            var oracle = new FireTimeOracle(SomeJob.Spec(text) with { Timezone = place.Zone }, SomeJob.Id);
            var (at, parts) = (place.From, new List<DateTimeOffset>());
            foreach (var cut in cuts)
            {
                parts.AddRange(oracle.Between(at, at.AddSeconds(cut)));
                at = at.AddSeconds(cut);
            }

            Assert.Equal(oracle.Between(place.From, at), parts);
        }, iter: 300);

    [Fact]
    public void A_period_that_is_empty_or_turned_round_has_none()
    {
        var oracle = new FireTimeOracle(SomeJob.Spec("* * * * *"), SomeJob.Id);

        Assert.Empty(oracle.Between(Begin, Begin));
        Assert.Empty(oracle.Between(Begin, Begin.AddDays(-1)));
        Assert.Empty(oracle.Between(DateTimeOffset.MinValue, new DateTimeOffset(1969, 12, 31, 0, 0, 0, TimeSpan.Zero)));
    }
}

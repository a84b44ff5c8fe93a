using CsCheck;
using Dcron.Grains.Scheduling;

namespace Dcron.Tests.Scheduling;

public sealed class CronScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("0 24 * * *", 2, "hour", "midnight is 0", "0 0 * * *")]
    [InlineData("60 * * * *", 1, "minute", "the full hour is 0", "0 * * * *")]
    [InlineData("60 * * * * *", 1, "second", "the full minute is 0", "0 * * * * *")]
    [InlineData("*/0 * * * *", 1, "minute", "at least 1", "* * * * *")]
    [InlineData("*/60 * * * *", 1, "minute", "once an hour is '0'", "0 * * * *")]
    [InlineData("0 */24 * * *", 2, "hour", "once a day is '0'", "0 0 * * *")]
    [InlineData("*/x * * * *", 1, "minute", "a number from 1 to 59", "*/5 * * * *")]
    [InlineData("*/ * * * *", 1, "minute", "a number from 1 to 59", "*/5 * * * *")]
    [InlineData("0 0 32 * *", 3, "day of month", "1 to 31", "0 0 1 * *")]
    [InlineData("0 0 0 * *", 3, "day of month", "1 to 31", "0 0 1 * *")]
    [InlineData("0 0 * 13 *", 4, "month", "1 to 12 or JAN to DEC", "0 0 * JAN *")]
    [InlineData("0 0 * * 8", 5, "day of week", "SUN to SAT or 0 to 7", "0 0 * * MON")]
    [InlineData("0 0 0 * * 8", 6, "day of week", "SUN to SAT or 0 to 7", "0 0 0 * * MON")]
    [InlineData("0 0 * * Monday", 5, "day of week", "three letters, 'MON'", "0 0 * * MON")]
    [InlineData("0 0 * * mondays", 5, "day of week", "three letters, 'MON'", "0 0 * * MON")]
    [InlineData("0 0 * * MON-Friday", 5, "day of week", "three letters, 'FRI'", "0 0 * * MON-FRI")]
    [InlineData("0 0 * September *", 4, "month", "three letters, 'SEP'", "0 0 * SEP *")]
    [InlineData("0 0 * * MO", 5, "day of week", "SUN to SAT", "0 0 * * MON")]
    [InlineData("0 0 MON * *", 3, "day of month", "day of week (the last) field", "0 0 1 * *")]
    [InlineData("0 JAN * * *", 2, "hour", "month (the last but one) field", "0 0 * * *")]
    [InlineData("? * * * *", 1, "minute", "'?' stands only in", "* * * * *")]
    [InlineData("0 ?/2 * * *", 2, "hour", "'?' stands only in", "0 */2 * * *")]
    [InlineData("*/5,10 * * * *", 1, "minute", "can't be part of a list", "0-59/5,10 * * * *")]
    [InlineData("10,*/5 * * * *", 1, "minute", "'*' stands alone", "* * * * *")]
    [InlineData("*5 * * * *", 1, "minute", "only a step", "* * * * *")]
    [InlineData("1,,2 * * * *", 1, "minute", "between its commas", "0 * * * *")]
    [InlineData("1- * * * *", 1, "minute", "a value is missing", "0 * * * *")]
    [InlineData("-5 * * * *", 1, "minute", "a value is missing", "0 * * * *")]
    [InlineData("1-2-3 * * * *", 1, "minute", "a range has two ends", "0 * * * *")]
    [InlineData("007 * * * *", 1, "minute", "0 to 59", "0 * * * *")]
    [InlineData("１ * * * *", 1, "minute", "only letters, digits", "0 * * * *")]
    [InlineData("L * * * *", 1, "minute", "'L', 'W' and '#' stand only in", "0 * * * *")]
    [InlineData("0 0 L,15 * *", 3, "day of month", "can't be part of a list", "0 0 L * *")]
    [InlineData("0 0 L-31 * *", 3, "day of month", "0 to 30", "0 0 L-3 * *")]
    [InlineData("0 0 WL * *", 3, "day of month", "'LW' (the last weekday)", "0 0 LW * *")]
    [InlineData("0 0 1-5W * *", 3, "day of month", "'15W'", "0 0 L * *")]
    [InlineData("0 0 * * L", 5, "day of week", "'FRIL' for the last Friday", "0 0 * * FRIL")]
    [InlineData("0 0 * * MON#6", 5, "day of week", "1 to 5; the last is 'MONL'", "0 0 * * MON#1")]
    [InlineData("0 0 * * MON#1,TUE#1", 5, "day of week", "one job for each", "0 0 * * MON#1")]
    [InlineData("0 0 * * 15W", 5, "day of week", "'W' stands in the day of month field", "0 0 * * MON")]
    [InlineData("H(0-29) * * * *", 1, "minute", "'H' stands alone or with a step", "H * * * *")]
    [InlineData("H,30 * * * *", 1, "minute", "'H' stands alone or with a step", "H * * * *")]
    [InlineData("H/0 * * * *", 1, "minute", "at least 1", "* * * * *")]
    public void A_wrong_field_is_named_with_the_reason_and_the_way_out(string text, int field, string name, string reason, string example)
    {
        Assert.False(CronSchedule.TryParse(text, "seed", out _, out var error));

        Assert.Equal((field, name, example), (error.Field, error.FieldName, error.Example));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Contains($" field ({name}) is '", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "is empty", "30 2 * * *")]
    [InlineData("", "is empty", "30 2 * * *")]
    [InlineData(" \t ", "is empty", "30 2 * * *")]
    [InlineData("* * * *", "has 4 fields", "* * * * *")]
    [InlineData("30 2", "has 2 fields", "30 2 * * *")]
    [InlineData("5", "has 1 field;", "5 * * * *")]
    [InlineData("0 0 12 * * ? 2026", "a year as in Quartz is not supported", "0 0 12 * * ?")]
    [InlineData("0 0 12 * * ? 2026 1", "has 8 fields", "30 2 * * *")]
    [InlineData("0 9, 17 * * *", "no spaces around its commas", "0 9,17 * * *")]
    [InlineData("0 9, 17, 20 * * *", "no spaces around its commas", "0 9,17 * * *")]
    [InlineData("* * * * *\n0 0 * * *", "more than one line", "30 2 * * *")]
    [InlineData("* * * * *\0", "control character", "30 2 * * *")]
    [InlineData("every 5 minutes", "not a cron expression", "*/5 * * * *")]
    [InlineData("Every minute", "not a cron expression", "* * * * *")]
    [InlineData("every 10 seconds", "not a cron expression", "*/10 * * * * *")]
    [InlineData("every 2 hours", "not a cron expression", "0 */2 * * *")]
    [InlineData("every 90 minutes", "not a cron expression", "30 2 * * *")]
    [InlineData("every day at 14:30", "not a cron expression", "30 14 * * *")]
    [InlineData("every weekday", "not a cron expression", "0 9 * * MON-FRI")]
    [InlineData("5m", "not a cron expression", "*/5 * * * *")]
    [InlineData("1h", "not a cron expression", "0 * * * *")]
    [InlineData("daily", "a macro begins with '@'", "@daily")]
    [InlineData("@every 15m", "'@every' with a duration is not supported", "*/15 * * * *")]
    [InlineData("@every 1h30m", "'@every' with a duration is not supported", "*/5 * * * *")]
    [InlineData("@reboot", "jobs belong to no machine", "@daily")]
    [InlineData("@fortnightly", "@every_second", "@daily")]
    [InlineData("@daily 5", "is no macro", "@daily")]
    [InlineData("*-*-* 02:15:00", "systemd calendar", "15 2 * * *")]
    [InlineData("Mon *-*-* 09:00", "systemd calendar", "0 9 * * *")]
    [InlineData("02:30", "systemd calendar", "30 2 * * *")]
    [InlineData("0 0 31 2 *", "day 31 does not exist in month 2", "0 0 L 2 *")]
    [InlineData("0 0 30 2 *", "day 30 does not exist in month 2", "0 0 L 2 *")]
    [InlineData("0 0 0 31 4,6,9,11 ?", "never fires", "0 0 0 L 4,6,9,11 ?")]
    [InlineData("0 0 31W FEB *", "never fires", "0 0 L FEB *")]
    [InlineData("0 0 L-30 4 *", "never fires", "0 0 L 4 *")]
    [InlineData("0 0 1 * MON#2", "no day 1 in month * can be 'MON#2'", "0 0 * * MON#2")]
    [InlineData("0 0 LW * SUN", "no day LW in month * can be 'SUN'", "0 0 * * SUN")]
    public void A_wrong_expression_is_answered_by_one_that_is_right(string? text, string reason, string example)
    {
        Assert.False(CronSchedule.TryParse(text, "seed", out _, out var error));

        Assert.Null(error.Field);
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal(example, error.Example);
        Assert.True(CronSchedule.TryParse(example, "seed", out _, out _));
    }

    [Fact]
    public void An_expression_of_more_than_200_characters_is_refused()
    {
        var longest = "0," + string.Join(',', Enumerable.Repeat("1", 95)) + " * * * *";
        Assert.Equal(CronSchedule.MaxLength, (longest + " ").Length);
        Assert.True(CronSchedule.TryParse(longest + " ", "seed", out _, out _));

        Assert.False(CronSchedule.TryParse(longest + "  ", "seed", out _, out var error));
        Assert.Contains("201 characters; 200 are allowed", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_Cronos_reads_and_that_fires_is_read_with_the_same_meaning() =>
        CronText.Any.Sample(text =>
        {
            var expected = CronText.Cronos(text)!;
            var fires = expected.GetNextOccurrence(Start.UtcDateTime) is not null;
            if (!CronSchedule.TryParse(text, "seed", out var schedule, out var error))
            {
                return !fires && error.Reason.Contains("never fires", StringComparison.Ordinal);
            }

            var times = new FireTimes(schedule, TimeZoneInfo.Utc);
            return fires && times.Between(Start, Start.AddYears(200).AddTicks(-1)).Take(20).Select(time => time.UtcDateTime).SequenceEqual(
                expected.GetOccurrences(Start.UtcDateTime, Start.UtcDateTime.AddYears(200), fromInclusive: false).Take(20));
        }, iter: 5_000);

    [Fact]
    public void Any_other_text_is_an_error_and_never_an_exception()
    {
        const string characters = "0123456789*/,-#?LWHlwhSUNMOFRI@ \t\0\nx:.é";
        Gen.OneOf(Gen.String[Gen.Char[characters], 0, 24], CronText.Any.Select(Gen.Char[characters], Gen.Int[0, 30], (text, c, at) => text.Insert(at % (text.Length + 1), $"{c}")))
            .Sample(text =>
            {
                var parsed = CronSchedule.TryParse(text, "seed", out var schedule, out var error);
                return parsed
                    ? schedule!.UsesHash || text.Contains('@') || CronText.Cronos(text.Trim()) is not null
                    : error!.Message.Length > 20 && CronSchedule.TryParse(error.Example, "seed", out _, out _);
            }, iter: 15_000);
    }

    [Theory]
    [InlineData("7-2/2", "0,2")]
    [InlineData("SUN-TUE", "0-2")]
    [InlineData("FRI-MON", "0,1,5,6")]
    [InlineData("7", "0")]
    [InlineData("5-7", "0,5,6")]
    public void Sunday_is_0_and_7_in_every_place(string weekday, string same) =>
        Assert.Equal(Times($"0 0 * * {same}"), Times($"0 0 * * {weekday}"));

    [Fact]
    public void Macros_mean_fixed_times_whatever_the_job()
    {
        Assert.Equal(Times("0 0 * * *"), Times("@daily"));
        Assert.Equal(Times("0 * * * *"), Times(" @HOURLY "));
        Assert.Equal(Times("0 0 1 1 *"), Times("@annually"));
    }

    [Theory]
    [InlineData("H H * * *", "01k2v8f0zq3c9h5d7x1m", "2026-01-01T04:53:00")]
    [InlineData("H H H * * *", "01k2v8f0zq3c9h5d7x1m", "2026-01-01T04:53:39")]
    [InlineData("H/15 * * * *", "01k2v8f0zq3c9h5d7x1m", "2026-01-01T00:08:00")]
    [InlineData("H H * * *", "nightly", "2026-01-01T10:25:00")]
    [InlineData("H 0 H H H", "nightly", "2029-12-03T00:25:00")]
    public void H_gives_the_same_job_the_same_times_for_ever(string text, string jobId, string first)
    {
        var schedule = CronText.Parse(text, jobId);

        Assert.True(schedule.UsesHash);
        Assert.Equal(first, new FireTimes(schedule, TimeZoneInfo.Utc).NextAfter(Start.AddTicks(-1))!.Value.ToString("s"));
    }

    [Fact]
    public void H_spreads_jobs_evenly_and_always_fires()
    {
        var minutes = new int[60];
        for (var i = 0; i < 3000; i++)
        {
            var jobId = $"job{i}";
            var time = new FireTimes(CronText.Parse("H * * * *", jobId), TimeZoneInfo.Utc).NextAfter(Start.AddTicks(-1))!.Value;
            minutes[time.Minute]++;
            Assert.True(CronSchedule.TryParse("0 0 31 H H", jobId, out _, out var error), error?.Message);
            Assert.InRange(new FireTimes(CronText.Parse("0 0 H * *", jobId), TimeZoneInfo.Utc).NextAfter(Start)!.Value.Day, 1, 28);
        }

        Assert.InRange(minutes.Min(), 20, 50);
        Assert.InRange(minutes.Max(), 50, 85);
    }

    private static IReadOnlyList<DateTimeOffset> Times(string text) => new FireTimes(CronText.Parse(text), TimeZoneInfo.Utc).Next(20, Start);
}

using CsCheck;
using Dcron.Grains.Scheduling;

namespace Dcron.Tests.Scheduling;

public sealed class CronDescriptionTests
{
    [Theory]
    [InlineData("* * * * *", "Every minute")]
    [InlineData("@every_minute", "Every minute")]
    [InlineData("@every_second", "Every second")]
    [InlineData("@hourly", "Every hour")]
    [InlineData("@daily", "At 00:00 every day")]
    [InlineData("@midnight", "At 00:00 every day")]
    [InlineData("@weekly", "At 00:00 on Sundays")]
    [InlineData("@monthly", "At 00:00 on the 1st of the month")]
    [InlineData("@yearly", "At 00:00 on 1 January")]
    [InlineData("*/5 * * * *", "Every 5 minutes")]
    [InlineData("0/5 * * * *", "Every 5 minutes")]
    [InlineData("0,15,30,45 * * * *", "Every 15 minutes")]
    [InlineData("5/15 * * * *", "Every 15 minutes from minute 5 of every hour")]
    [InlineData("*/7 * * * *", "Every 7 minutes from minute 0 to 56 of every hour")]
    [InlineData("30 * * * *", "At 30 minutes past every hour")]
    [InlineData("1 * * * *", "At 1 minute past every hour")]
    [InlineData("5,10,25 * * * *", "At 5, 10 and 25 minutes past every hour")]
    [InlineData("0-10,20,40 * * * *", "At 0 to 10, 20 and 40 minutes past every hour")]
    [InlineData("10-20 * * * *", "Every minute from minute 10 to 20 of every hour")]
    [InlineData("30 2 * * *", "At 02:30 every day")]
    [InlineData("30 2 * * MON-FRI", "At 02:30 on weekdays")]
    [InlineData("30 2 * * 0,6", "At 02:30 on weekends")]
    [InlineData("0 9,17 * * *", "At 09:00 and 17:00 every day")]
    [InlineData("0 9,17 * 3,6 FRIL", "At 09:00 and 17:00 on the last Friday of the month, in March and June")]
    [InlineData("0,30 9,17 * * *", "At 09:00, 09:30, 17:00 and 17:30 every day")]
    [InlineData("0 */2 * * *", "Every 2 hours")]
    [InlineData("0 */12 * * *", "At 00:00 and 12:00 every day")]
    [InlineData("15 */6 * * *", "At 00:15, 06:15, 12:15 and 18:15 every day")]
    [InlineData("15 */2 * * *", "Every 2 hours from 00:15 to 22:15")]
    [InlineData("0 */5 * * *", "Every 5 hours from 00:00 to 20:00")]
    [InlineData("0 9-17 * * MON-FRI", "Every hour from 09:00 to 17:00 on weekdays")]
    [InlineData("30 22-2 * * *", "Every hour from 22:30 to 02:30")]
    [InlineData("* 9-17 * * *", "Every minute between 09:00 and 17:59")]
    [InlineData("*/10 8 * * *", "Every 10 minutes between 08:00 and 08:59")]
    [InlineData("*/10 9-17 * * 1-4", "Every 10 minutes between 09:00 and 17:59, Monday to Thursday")]
    [InlineData("*/10 22-2 * * *", "Every 10 minutes between 22:00 and 02:59")]
    [InlineData("5/10 8 * * *", "Every 10 minutes from 08:05 to 08:55")]
    [InlineData("0-20 8 * * *", "Every minute from 08:00 to 08:20")]
    [InlineData("*/5 */2 * * *", "Every 5 minutes, in every 2nd hour from 00:00 to 22:59")]
    [InlineData("* 6,12,18 * * *", "Every minute, in the hours 06:00 to 06:59, 12:00 to 12:59 and 18:00 to 18:59")]
    [InlineData("5,10,25 9-17 * * *", "At 5, 10 and 25 minutes past the hour, between 09:00 and 17:59")]
    [InlineData("* * * * * *", "Every second")]
    [InlineData("*/10 * * * * *", "Every 10 seconds")]
    [InlineData("*/10 * 8 * * *", "Every 10 seconds between 08:00 and 08:59")]
    [InlineData("*/10 30 8 * * *", "Every 10 seconds between 08:30:00 and 08:30:59")]
    [InlineData("30 * * * * *", "At 30 seconds past every minute")]
    [InlineData("1 * * * * *", "At 1 second past every minute")]
    [InlineData("30 */5 * * * *", "Every 5 minutes at 30 seconds past the minute")]
    [InlineData("30 15 * * * *", "At 15 minutes and 30 seconds past every hour")]
    [InlineData("30 0 * * * *", "At 30 seconds past every hour")]
    [InlineData("15 30 2 * * *", "At 02:30:15 every day")]
    [InlineData("0,20 30 2 * * *", "At 02:30:00 and 02:30:20 every day")]
    [InlineData("5-9 30 2 * * *", "Every second from 02:30:05 to 02:30:09")]
    [InlineData("* 30 * * * *", "Every second, during minute 30 of every hour")]
    [InlineData("*/20 */15 9-17 * * *", "Every 20 seconds, in every 15th minute from 0 to 45 of the hour, between 09:00 and 17:59")]
    [InlineData("0 0 1 * *", "At 00:00 on the 1st of the month")]
    [InlineData("0 0 1,15 * *", "At 00:00 on the 1st and 15th of the month")]
    [InlineData("0 0 1-7 * *", "At 00:00 from the 1st to the 7th of the month")]
    [InlineData("0 0 1-5,11,22,23 * *", "At 00:00 on the 1st to 5th, 11th, 22nd and 23rd of the month")]
    [InlineData("0 0 */2 * *", "At 00:00 on every 2nd day from the 1st to the 31st of the month")]
    [InlineData("0 0 L * *", "At 00:00 on the last day of the month")]
    [InlineData("0 0 L-1 * *", "At 00:00 1 day before the last day of the month")]
    [InlineData("0 0 L-3 * ?", "At 00:00 3 days before the last day of the month")]
    [InlineData("0 0 LW * *", "At 00:00 on the last weekday of the month")]
    [InlineData("0 0 L-2W * *", "At 00:00 on the weekday nearest to 2 days before the last day of the month")]
    [InlineData("0 0 15W * *", "At 00:00 on the weekday nearest to the 15th of the month")]
    [InlineData("0 0 L 2 *", "At 00:00 on the last day of February")]
    [InlineData("0 0 29 2 *", "At 00:00 on 29 February")]
    [InlineData("0 0 * * TUE#2", "At 00:00 on the second Tuesday of the month")]
    [InlineData("0 0 * 11 THU#4", "At 00:00 on the fourth Thursday of November")]
    [InlineData("0 0 * * 1,3,5", "At 00:00 on Mondays, Wednesdays and Fridays")]
    [InlineData("0 0 * * FRI-MON", "At 00:00, Friday to Monday")]
    [InlineData("0 0 * * 1-6", "At 00:00, Monday to Saturday")]
    [InlineData("0 0 * * 0-7", "At 00:00 every day")]
    [InlineData("0 0 13 * FRI", "At 00:00 on Friday the 13th")]
    [InlineData("0 0 13 3 FRI", "At 00:00 on Friday the 13th, in March")]
    [InlineData("0 0 1-7 * MON", "At 00:00 from the 1st to the 7th of the month, only on Mondays")]
    [InlineData("0 0 1 * MON-FRI", "At 00:00 on the 1st of the month, if it is a weekday")]
    [InlineData("0 0 L * 5,6", "At 00:00 on the last day of the month, if it is a Friday or Saturday")]
    [InlineData("0 0 1-7 * 2-5", "At 00:00 from the 1st to the 7th of the month, only Tuesday to Friday")]
    [InlineData("0 0 * NOV-FEB *", "At 00:00 every day from November to February")]
    [InlineData("*/5 * * 1 *", "Every 5 minutes in January")]
    [InlineData("0 6 * 3-5 MON-FRI", "At 06:00 on weekdays, from March to May")]
    public void Examples(string expression, string words) => Assert.Equal(words, CronDescription.Of(CronText.Parse(expression)));

    [Fact]
    public void H_is_described_by_the_values_that_were_chosen()
    {
        var schedule = CronText.Parse("H 3 * * *", "01k2v8f0zq3c9h5d7x1m");
        var chosen = new FireTimes(schedule, TimeZoneInfo.Utc).NextAfter(DateTimeOffset.UnixEpoch)!.Value;

        Assert.Equal($"At {chosen:HH:mm} every day (H chosen by the job's id)", CronDescription.Of(schedule));
    }

    [Fact]
    public void Every_expression_has_one_clean_phrase() =>
        CronText.Schedule.Sample(schedule =>
        {
            var words = CronDescription.Of(schedule);
            return words.Length > 0 && char.IsAsciiLetterUpper(words[0]) && !words.Contains("  ", StringComparison.Ordinal)
                && !words.Contains(" ,", StringComparison.Ordinal) && words.Trim(' ', ',', '.') == words;
        }, iter: 5_000);

    [Fact]
    public void Schedules_that_differ_are_described_differently_and_equal_ones_alike()
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var spoken = new Dictionary<string, string>(StringComparer.Ordinal);

        // Cronos' own text form lists every value, so that it is the same for all spellings of one schedule.
        CronText.Schedule.Sample(schedule =>
        {
            var meaning = Meaning(schedule.Text);
            var words = CronDescription.Of(schedule);
            lock (known)
            {
                return (known.TryAdd(words, meaning) || known[words] == meaning) && (spoken.TryAdd(meaning, words) || spoken[meaning] == words);
            }
        }, iter: 20_000);
        Assert.True(known.Count > 5_000);
    }

    /// <summary>Seconds that are '0' are not part of Cronos' text, and its AND of days keeps L, W and #.</summary>
    private static string Meaning(string text) => CronText.Cronos(text)!.ToString();
}

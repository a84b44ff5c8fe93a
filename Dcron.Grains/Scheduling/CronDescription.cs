namespace Dcron.Grains.Scheduling;

/// <summary>A cron expression in plain English.</summary>
public static class CronDescription
{
    /// <summary>
    /// One phrase such as <c>At 02:30 on weekdays</c>, without a full stop and without the time zone. It says all that the expression
    /// says: schedules that differ are described differently, and one schedule is described alike however it was written.
    /// </summary>
    public static string Of(CronSchedule schedule)
    {
        var (time, isClock) = new CronTimeWords(schedule).Say();
        return time + CronDateWords.Say(schedule, isClock) + (schedule.UsesHash ? " (H chosen by the job's id)" : "");
    }
}

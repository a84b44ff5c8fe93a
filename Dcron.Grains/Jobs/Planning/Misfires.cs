using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.Scheduling;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>A fire time that has come.</summary>
/// <param name="DueAt">The fire time with its jitter; null where there is none.</param>
/// <param name="Missed">Why it is not launched any more; null when it is to be.</param>
internal sealed record DueInstant(ExecutionId ExecutionId, DateTimeOffset? DueAt, string? Missed);

/// <summary>The misfire policies: which of the fire times that have come are launched, and which are missed.</summary>
internal static class Misfires
{
    /// <param name="job">The job before the plan.</param>
    /// <param name="due">Fire times, the oldest first.</param>
    /// <param name="isBehind">Whether there are more of them up to now.</param>
    /// <param name="times">The job's fire times.</param>
    /// <param name="now">The instant of the plan.</param>
    public static IEnumerable<DueInstant> Judge(JobDocument job, List<DateTimeOffset> due, bool isBehind, FireTimes times, DateTimeOffset now)
    {
        var instants = due.ConvertAll(fireTime =>
        {
            var id = ExecutionId.Scheduled(job.JobId, fireTime);
            return new DueInstant(id, Spread.DueAt(job.Spec, id), null);
        });

        // Misfires give way to whatever comes later, on time or not; only what is on time runs each by itself.
        var firstOnTime = instants.FindIndex(instant => (instant.DueAt ?? instant.ExecutionId.FireTime) >= now - JobPlanner.MisfireThreshold);
        var reasons = ReasonsOf(job, due, firstOnTime, isBehind, times, now);
        return instants.Select((instant, i) =>
            IsPast(job.Spec, instant, now) ? instant with { Missed = Late(now) + $"more than {Number(job.Spec.StartingDeadlineSeconds!.Value)} s after it was due (starting_deadline_seconds)." }
            : firstOnTime >= 0 && i >= firstOnTime ? instant
            : instant with { Missed = reasons(i) });
    }

    /// <summary>Whether a launch is so late that it is not to be started any more.</summary>
    public static bool IsPast(JobSpec spec, DateTimeOffset dueAt, DateTimeOffset now) => spec.StartingDeadlineSeconds is { } deadline && now >= dueAt.AddSeconds(deadline);

    private static bool IsPast(JobSpec spec, DueInstant instant, DateTimeOffset now) => IsPast(spec, instant.DueAt ?? instant.ExecutionId.FireTime, now);

    private static Func<int, string?> ReasonsOf(JobDocument job, List<DateTimeOffset> due, int firstOnTime, bool isBehind, FireTimes times, DateTimeOffset now)
    {
        switch (job.Spec.MisfirePolicy)
        {
            case MisfirePolicy.Skip:
                return _ => Late(now) + "too late to be on time (misfire policy skip).";
            case MisfirePolicy.RunLatest:
                var toRun = firstOnTime >= 0 ? firstOnTime : isBehind ? due.Count : due.Count - 1;
                var latest = toRun < due.Count ? $"the latest fire time, {Text(due[toRun])}," : "a later fire time";
                var gaveWay = Late(now) + $"too late to be on time; by the misfire policy run_latest, {latest} took its place.";
                return i => i < toRun ? gaveWay : null;
            case MisfirePolicy.RunAll:
                var room = Overlap.Room(job.Open, job.Spec);
                var start = isBehind ? times.StartOfLast(room, due[0].AddSeconds(-1), now) : room < due.Count ? due[due.Count - room - 1] : DateTimeOffset.MinValue;
                return i => due[i] > start ? null : Late(now) + $"too late to be on time; by the misfire policy run_all, only the {Number(room)} latest that there was room for run.";
            default:
                throw new System.Diagnostics.UnreachableException($"{job.Spec.MisfirePolicy}");
        }
    }

    private static string Late(DateTimeOffset now) => $"It could be planned only at {Text(now)}, ";

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);
}

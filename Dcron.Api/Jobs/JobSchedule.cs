using Dcron.Grains.Jobs;
using Dcron.Grains.Scheduling;

namespace Dcron.Api.Jobs;

/// <summary>What a job's schedule means for people: in words, and as its next fire times.</summary>
internal static class JobSchedule
{
    private const int ShownFireTimes = 5;

    public static JobView View(JobDocument job, DateTimeOffset now)
    {
        var spec = job.Spec;
        // A zone can vanish from the machine after the job was stored; the job must still be shown.
        if (!CronSchedule.TryParse(spec.Time, job.JobId.Value, out var schedule, out _) || !TimezoneName.TryFind(spec.Timezone, out var zone, out _))
            return new JobView(job, spec.Time, []);

        var next = spec.Enabled ? new FireTimes(schedule, zone, spec.StartsAt, spec.EndsAt, spec.DstGap, spec.DstOverlap).Next(ShownFireTimes, now) : [];
        return new JobView(job, CronDescription.Of(schedule), next);
    }
}

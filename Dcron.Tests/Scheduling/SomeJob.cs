using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;

namespace Dcron.Tests.Scheduling;

/// <summary>Jobs and instants to plan with.</summary>
internal static class SomeJob
{
    public static readonly JobId Id = JobId.Parse("job1");

    public static JobSpec Spec(string time = "0 * * * *") => new() { Time = time, ScriptType = "python", ScriptLocation = "s3://scripts/a.py" };

    public static JobDocument Created(string now, JobSpec? spec = null, ScriptPin? pin = null) =>
        JobPlanner.Create(new CreateJob(Id, spec ?? Spec()), pin, At(now));

    /// <summary>An instant of 2026-03-01, or any other with its date.</summary>
    public static DateTimeOffset At(string text) => DateTimeOffset.Parse(
        text.Contains('-') ? text : $"2026-03-01T{text}", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    public static ExecutionId Fired(string text) => ExecutionId.Scheduled(Id, At(text));

    public static ScriptPin Pin(string location = "s3://scripts/a.py", string sha256 = "aa") => new(location, sha256, "tag");
}

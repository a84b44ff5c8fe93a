using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>The documents of executions that never ran.</summary>
internal static class SettledExecutions
{
    /// <summary>The document of a fire time that was decided against.</summary>
    public static ExecutionDocument PassedDocument(PassedInstant passed, JobDocument job, DateTimeOffset now) => new()
    {
        ExecutionId = passed.ExecutionId,
        JobId = job.JobId,
        ExecutionDate = passed.ExecutionId.FireTime,
        ExecutionResult = passed.Result,
        Reason = passed.Reason,
        Trigger = ExecutionTrigger.Schedule,
        FinishedAt = UtcTime.ToMilliseconds(now),

        // Of an instant before the spec's latest change only that change's number is known, not its own version.
        JobVersion = job.Version == 1 || passed.ExecutionId.FireTime > job.UpdatedAt ? job.Version : null,
        Namespace = job.Spec.Namespace,
    };

    /// <summary>The document of a launch that was dropped before anybody claimed it.</summary>
    /// <param name="owed">The launch.</param>
    /// <param name="result"><see cref="ExecutionResult.Skipped"/>, <see cref="ExecutionResult.Missed"/> or <see cref="ExecutionResult.Cancelled"/>.</param>
    /// <param name="reason">A sentence for people.</param>
    /// <param name="now">When it was dropped.</param>
    public static ExecutionDocument DroppedDocument(OwedLaunch owed, ExecutionResult result, string reason, DateTimeOffset now) => new()
    {
        ExecutionId = owed.Launch.ExecutionId,
        JobId = owed.Launch.JobId,
        ExecutionDate = owed.Launch.ExecutionId.FireTime,
        ExecutionResult = result,
        Reason = reason,
        Attempt = owed.Launch.ExecutionId.Attempt,
        Trigger = owed.Launch.Trigger,
        DueAt = owed.Launch.DueAt,
        RerunOf = owed.Launch.RerunOf,
        PlannedAt = owed.PlannedAt,
        FinishedAt = UtcTime.ToMilliseconds(now),
        ScriptSha256 = owed.Launch.ScriptSha256,
        JobVersion = owed.Launch.JobVersion,
        Namespace = owed.Launch.Namespace,
    };
}

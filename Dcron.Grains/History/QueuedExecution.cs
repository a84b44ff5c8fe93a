using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Grains.History;

/// <summary>How a launch that nobody has claimed yet is shown: it has no document of its own.</summary>
public static class QueuedExecution
{
    public static ExecutionDocument Of(OwedLaunch owed) => new()
    {
        ExecutionId = owed.Launch.ExecutionId,
        JobId = owed.Launch.JobId,
        ExecutionDate = owed.Launch.ExecutionId.FireTime,
        ExecutionResult = ExecutionResult.Queued,
        Attempt = owed.Launch.ExecutionId.Attempt,
        Trigger = owed.Launch.Trigger,
        Reason = owed.ReplacedBy is { } by ? Jobs.Planning.Overlap.ReplacedReason(by)
            : owed.Waits ? "It waits until the executions of the same job before it are over."
            : null,
        DueAt = owed.Launch.DueAt,
        RerunOf = owed.Launch.RerunOf,
        PlannedAt = owed.PlannedAt,
        ScriptSha256 = owed.Launch.ScriptSha256,
        JobVersion = owed.Launch.JobVersion,
        Namespace = owed.Launch.Namespace,
    };
}

using Dcron.Grains.Executions;

namespace Dcron.Grains.Workers;

/// <summary>The document that a claim begins with: what the launch says, and who took it.</summary>
internal static class ClaimDocument
{
    public static ExecutionDocument Of(ExecuteJob launch, string workerId, string token) => new()
    {
        ExecutionId = launch.ExecutionId,
        JobId = launch.JobId,
        ExecutionDate = launch.ExecutionId.FireTime,
        ExecutionResult = ExecutionResult.Running,
        WorkerId = workerId,
        Attempt = launch.ExecutionId.Attempt,
        Trigger = launch.Trigger,
        ScriptSha256 = launch.ScriptSha256,
        JobVersion = launch.JobVersion,
        Namespace = launch.Namespace,
        ClaimToken = token,
        DueAt = launch.DueAt,
        RerunOf = launch.RerunOf,
        Offers = launch.Offers,
        OffersLeftOut = launch.OffersLeftOut,
        PlannedAt = launch.PlannedAt,
    };
}

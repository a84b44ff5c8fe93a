using Dcron.Grains.Executions;

namespace Dcron.Grains.History;

/// <summary>How an execution is closed whose worker is certainly gone.</summary>
internal static class LostExecution
{
    public static ExecutionDocument Of(ExecutionDocument running, DateTimeOffset now) => running with
    {
        ExecutionResult = ExecutionResult.Lost,
        Reason = "The worker that ran it went away.",
        FinishedAt = now,
        OpenOn = null,
    };
}

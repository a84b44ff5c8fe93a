using Dcron.Grains.Executions;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Workers;

internal sealed partial class WorkerNode
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The store did not answer whether {ExecutionId} is claimed; it is not started, and a claim is closed as lost once the store answers")]
    private static partial void LogClaimUnknown(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The spool failed for {ExecutionId}")]
    private static partial void LogSpoolFailed(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The run of {ExecutionId} broke; its claim is closed when the node recovers")]
    private static partial void LogRunBroke(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The grace is over; {Running} executions are ended")]
    private static partial void LogEnding(ILogger logger, int running);
}

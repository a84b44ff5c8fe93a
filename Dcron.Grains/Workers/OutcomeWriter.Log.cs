using Dcron.Grains.Executions;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Workers;

internal sealed partial class OutcomeWriter
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The outcome of {ExecutionId} could not be written to the spool")]
    private static partial void LogOutcomeNotSpooled(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The node stops before {ExecutionId} is stored; its spool is finished at the next start")]
    private static partial void LogLeftInSpool(ILogger logger, ExecutionId executionId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {ExecutionId} could not be uploaded; it waits in the spool")]
    private static partial void LogUploadFailed(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outcome of {ExecutionId} could not be stored; it waits in the spool")]
    private static partial void LogStoreFailed(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{ExecutionId} ended as {Result} here, but was closed as {Stored} before")]
    private static partial void LogLate(ILogger logger, ExecutionId executionId, ExecutionResult result, ExecutionResult stored);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The leader was not told of {ExecutionId}; its job finds the document")]
    private static partial void LogNotTold(ILogger logger, ExecutionId executionId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The spool of {ExecutionId} could not be deleted")]
    private static partial void LogNotDeleted(ILogger logger, ExecutionId executionId, Exception exception);
}

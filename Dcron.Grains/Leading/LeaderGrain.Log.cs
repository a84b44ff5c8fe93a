using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Leading;

internal sealed partial class LeaderGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "This silo leads now")]
    private static partial void LogActive(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Polled: {Found} jobs wake soon, {Armed} armed, {Pending} launches wait for a worker")]
    private static partial void LogPolled(ILogger logger, int found, int armed, int pending);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The poll for due jobs failed; it is tried again in a second, and nothing that is due is forgotten")]
    private static partial void LogPollFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} could not be woken; it is tried again in {Delay}")]
    private static partial void LogWakeFailed(ILogger logger, JobId jobId, TimeSpan delay, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} did not answer the offer of {ExecutionId}; it is offered again")]
    private static partial void LogOfferFailed(ILogger logger, ExecutionId executionId, string workerId, Exception exception);
}

using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Leading;

internal sealed partial class LeaderGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "This silo leads now")]
    private static partial void LogActive(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "This silo stops, and hands the lead over to {WorkerId}")]
    private static partial void LogHandsOver(ILogger logger, string workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This silo has not reached its document store for {Seconds} s, while others have: it hands the lead over to {WorkerId}")]
    private static partial void LogCutOff(ILogger logger, int seconds, string workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The clock of {Host} (worker {WorkerId}) is {Seconds} s {Direction} that of {LeaderHost} (worker {Leader}), where the leader is: no launch is missed or doubled, but some start early or late by as much; let both machines follow one time source ('timedatectl' or 'chronyc tracking' shows whether they do)")]
    private static partial void LogClockDiffers(ILogger logger, string host, string workerId, double seconds, string direction, string leaderHost, string leader);

    [LoggerMessage(Level = LogLevel.Information, Message = "The clock of {Host} (worker {WorkerId}) agrees with that of {LeaderHost} again")]
    private static partial void LogClockAgrees(ILogger logger, string host, string workerId, string leaderHost);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Polled: {Found} jobs wake soon, {Armed} armed, {Pending} launches wait for a worker")]
    private static partial void LogPolled(ILogger logger, int found, int armed, int pending);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The poll for due jobs failed; it is tried again in a second, and nothing that is due is forgotten")]
    private static partial void LogPollFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The reminder of the poll for due jobs could not be registered; it is tried again in a second, and until then each second has a poll: {Reason}")]
    private static partial void LogNotReminded(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} executions were running on workers that are gone; they are closed as lost")]
    private static partial void LogSwept(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The search for executions of workers that are gone did not finish; the next is due in a minute")]
    private static partial void LogSweepFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} could not be woken; it is tried again in {Delay}")]
    private static partial void LogWakeFailed(ILogger logger, JobId jobId, TimeSpan delay, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} did not answer the offer of {ExecutionId}; it is offered again")]
    private static partial void LogOfferFailed(ILogger logger, ExecutionId executionId, string workerId, Exception exception);
}

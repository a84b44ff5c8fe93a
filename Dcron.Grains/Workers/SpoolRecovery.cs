using Dcron.Grains.Executions;
using Dcron.Grains.Processes.Guarding;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Workers;

/// <summary>
/// Finishes what an earlier process of this node left in the spool: an outcome that was not stored is stored; what was still running is
/// closed as lost, with its log up to that moment. Nothing is ever started again from here.
/// </summary>
internal sealed partial class SpoolRecovery(Spool spool, OutcomeWriter outcomes, TimeProvider time, ILogger<SpoolRecovery> logger)
{
    private const int AtOnce = 8;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var leftovers = spool.Leftovers();
        if (leftovers.Count > 0)
        {
            LogRecovering(logger, leftovers.Count);
        }

        await Parallel.ForEachAsync(leftovers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (entry, _) =>
        {
            try
            {
                await FinishAsync(entry);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                LogFailed(logger, entry.Name, exception);
            }
        });
        spool.DeleteEmpty();
    }

    private async Task FinishAsync(SpoolEntry entry)
    {
        if (entry.Claim is not { } claim)
        {
            entry.Delete();
            return;
        }

        // The guard has done this already, unless it was killed as well.
        new Reaper().KillAll([new GuardedScript(claim.Launch.ExecutionId.ToString())]);
        await outcomes.PublishAsync(entry, entry.Outcome ?? LostOf(claim, entry.LogOpenedAt), revision: null);
    }

    private ExecutionDocument LostOf(SpooledClaim claim, DateTimeOffset? startedAt) => new()
    {
        ExecutionId = claim.Launch.ExecutionId,
        JobId = claim.Launch.JobId,
        ExecutionDate = claim.Launch.ExecutionId.FireTime,
        ExecutionResult = ExecutionResult.Lost,
        Reason = "The node was killed or restarted while the script ran; the script was ended.",
        WorkerId = claim.WorkerId,
        Attempt = claim.Launch.ExecutionId.Attempt,
        Trigger = claim.Launch.Trigger,
        ScriptSha256 = claim.Launch.ScriptSha256,
        JobVersion = claim.Launch.JobVersion,
        ClaimToken = claim.Token,
        StartedAt = startedAt,
        FinishedAt = time.GetUtcNow(),
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Finishing {Count} executions that an earlier process of this node left behind")]
    private static partial void LogRecovering(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "{ExecutionId} could not be finished from the spool; it stays there for the next start")]
    private static partial void LogFailed(ILogger logger, string executionId, Exception exception);
}

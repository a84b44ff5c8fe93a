using Dcron.Grains.Executions;
using Dcron.Grains.Ledger;
using Dcron.Grains.Processes.Guarding;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Workers;

/// <summary>
/// Finishes what an earlier process of this node left in the spool: an outcome that was not stored is stored; what was still running is
/// closed as lost, with its log up to that moment. Nothing is ever started again from here.
/// </summary>
internal partial class SpoolRecovery(Spool spool, OutcomeWriter outcomes, StartRecorder starts, TimeProvider time, ILogger<SpoolRecovery> logger)
{
    private const int AtOnce = 8;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var leftovers = spool.Leftovers();
        if (leftovers.Count > 0)
        {
            LogRecovering(logger, leftovers.Count);
        }

        await Task.WhenAll(leftovers.Chunk(Math.Max(1, (leftovers.Count + AtOnce - 1) / AtOnce)).Select(part => FinishAsync(part, cancellationToken)));
        foreach (var journal in spool.EarlierJournals)
        {
            await RecordStartsAsync(journal, cancellationToken);
        }

        spool.DeleteEmpty();
    }

    private async Task RecordStartsAsync(SpoolJournal journal, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await starts.FlushAsync(journal, cancellationToken);
                return;
            }
            catch (Exception exception) when (exception is DocumentStoreUnavailableException or InvalidOperationException) // a month that is dropped at this moment
            {
                LogStartsNotRecorded(logger, exception);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    private async Task FinishAsync(IEnumerable<SpoolEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var entry in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await FinishAsync(entry);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                LogFailed(logger, entry.Name, exception);
            }
        }
    }

    /// <summary>The guard has done this already, unless it was killed as well.</summary>
    protected virtual void EndScript(ExecutionId id) => new Reaper().KillAll([new GuardedScript(id.ToString())]);

    private async Task FinishAsync(SpoolEntry entry)
    {
        if (entry.Claim is not { } claim)
        {
            entry.Delete();
            return;
        }

        EndScript(claim.Launch.ExecutionId);
        await outcomes.PublishAsync(entry, entry.Outcome ?? LostOf(claim, entry.StartedAt, time.GetUtcNow()), revision: null);
    }

    internal static ExecutionDocument LostOf(SpooledClaim claim, DateTimeOffset? startedAt, DateTimeOffset now) => ClaimDocument.Of(claim.Launch, claim.WorkerId, claim.Token) with
    {
        ExecutionResult = ExecutionResult.Lost,
        Reason = startedAt is null
            ? "The node was killed or restarted before it could record that the script was started; had it begun, it was ended."
            : "The node was killed or restarted while the script ran; the script was ended.",
        StartedAt = startedAt,
        FinishedAt = now,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Finishing {Count} executions that an earlier process of this node left behind")]
    private static partial void LogRecovering(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Starts that an earlier process of this node left could not be recorded; it is tried again")]
    private static partial void LogStartsNotRecorded(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{ExecutionId} could not be finished from the spool; it stays there for the next start")]
    private static partial void LogFailed(ILogger logger, string executionId, Exception exception);
}

using System.Security.Cryptography;
using System.Threading.Channels;
using Dcron.Grains.Executions;
using Dcron.Grains.Workers;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Ledger;

/// <summary>
/// Records each start of a process: in the spool at once, which outlives this process, and in the document store in bulk, off the path of launches.
/// </summary>
internal sealed partial class StartRecorder(Spool spool, StartHistory history, TimeProvider time, ILogger<StartRecorder> logger) : BackgroundService
{
    private const int MostAtOnce = 1000;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(5);

    // Holds one item while there may be starts to store: a node that starts nothing is not woken up for it.
    private readonly Channel<bool> _unstored = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Record(HeldExecution held, DateTimeOffset startedAt)
    {
        var (claim, _) = held.Claim!.Value;
        var start = new StartDocument
        {
            StartId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)),
            ExecutionId = claim.ExecutionId,
            JobId = claim.JobId,
            ExecutionDate = claim.ExecutionDate,
            WorkerId = claim.WorkerId!,
            ClaimToken = claim.ClaimToken!,
            StartedAt = startedAt,
        };
        if (!spool.TryAppend(start, out var failure))
        {
            LogNotSpooled(logger, start.ExecutionId, failure); // it is kept in memory, and written with the next bulk
        }

        _unstored.Writer.TryWrite(true);
    }

    /// <summary>Writes what is recorded and not stored yet; throws what the store throws.</summary>
    public async Task FlushAsync(SpoolJournal journal, CancellationToken cancellationToken)
    {
        while (journal.UnstoredStarts(MostAtOnce) is { Count: > 0 } starts)
        {
            await history.WriteAsync(starts, cancellationToken);
            journal.StartsStored(starts);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LastTry);
        await TryFlushAsync(limit.Token); // what does not get through waits in the spool for the next start
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _unstored.Writer.TryWrite(true); // what the process before this one has left in the spool
        try
        {
            while (await _unstored.Reader.WaitToReadAsync(stoppingToken))
            {
                await Task.Delay(Period, time, stoppingToken);
                _unstored.Reader.TryRead(out _); // before the flush: what is recorded from here on counts for the next one
                if (!await TryFlushAsync(stoppingToken))
                {
                    _unstored.Writer.TryWrite(true);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Stores what is recorded, as far as the store takes it.</summary>
    /// <returns>False if something may have been left.</returns>
    internal async Task<bool> TryFlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FlushAsync(spool.Journal, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is DocumentStoreUnavailableException or InvalidOperationException or OperationCanceledException)
        {
            LogNotStored(logger, exception);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The start of {ExecutionId} could not be written to the spool: {Reason}")]
    private static partial void LogNotSpooled(ILogger logger, ExecutionId executionId, string? reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Starts could not be recorded in the document store; they wait in the spool")]
    private static partial void LogNotStored(ILogger logger, Exception exception);
}

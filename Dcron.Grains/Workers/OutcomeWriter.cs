using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Leading;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Workers;

/// <summary>Makes an outcome final: log to the object store, then the document, then SAVE JOB STATUS. Whatever does not answer is tried again from the spool.</summary>
internal sealed partial class OutcomeWriter(
    ExecutionHistory history,
    IObjectStore objects,
    IGrainFactory grains,
    TimeProvider time,
    ILogger<OutcomeWriter> logger) : IDisposable
{
    // How long a result waits for its log. After that it is told without, and the log follows. A store that hangs must not hold up a job.
    private static readonly TimeSpan LogPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Where an execution's log goes: an hour of a day lies in one folder, so that folders stay of a listable size.</summary>
    public static string LogKeyOf(ExecutionId id) =>
        string.Create(CultureInfo.InvariantCulture, $"logs/{id.FireTime.UtcDateTime:yyyy/MM/dd/HH}/{id}.log");

    /// <summary>Ends the retrying. What is not stored yet stays in the spool for the next start.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    /// <param name="entry">The execution's folder in the spool; deleted once all is stored.</param>
    /// <param name="outcome">The final document, but for its log.</param>
    /// <param name="revision">The claim's revision; null when it must be read first.</param>
    public async Task PublishAsync(SpoolEntry entry, ExecutionDocument outcome, string? revision)
    {
        try
        {
            entry.WriteOutcome(outcome);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogOutcomeNotSpooled(logger, outcome.ExecutionId, exception); // it is still in memory, and being stored now
        }

        try
        {
            await PublishSpooledAsync(entry, outcome, revision);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogLeftInSpool(logger, outcome.ExecutionId);
        }
    }

    /// <summary>Closes a claim that nobody holds.</summary>
    public async Task CloseUnheldAsync(StoredExecution unheld)
    {
        var lost = unheld.Execution with
        {
            ExecutionResult = ExecutionResult.Lost,
            Reason = "Its worker does not hold it; the answer to its claim was lost.",
            FinishedAt = time.GetUtcNow(),
            OpenOn = null,
        };
        if (await history.ReplaceAsync(lost, unheld.Revision) is not null)
        {
            await TellAsync(lost);
        }
    }

    private async Task PublishSpooledAsync(SpoolEntry entry, ExecutionDocument outcome, string? revision)
    {
        var location = ObjectLocation.Of(objects.DefaultBucket, LogKeyOf(outcome.ExecutionId));
        var log = await LogOf(entry, location, isRecovery: revision is null);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var upload = log is { IsUploaded: false } ? UploadAsync(entry, location, outcome.ExecutionId, over.Token) : Task.CompletedTask;
        try
        {
            if (log is { IsUploaded: false })
            {
                log = log with { IsUploaded = await EndsWithinPatience(upload) };
            }

            var whole = WithLog(outcome, location, log);
            var stored = await StoreAsync(whole, revision);
            if (stored is not null)
            {
                DcronMetrics.ExecutionFinished(whole);
                await TellAsync(whole);
            }

            if (log is { IsUploaded: false } && stored is not null)
            {
                await upload;
                await StoreAsync(WithLog(outcome, location, log with { IsUploaded = true }), stored);
            }
        }
        finally
        {
            await over.CancelAsync(); // of an execution that is not this claim's any more
            await upload.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        DeleteSpooled(entry, outcome.ExecutionId);
    }

    private async Task<bool> EndsWithinPatience(Task upload)
    {
        using var over = new CancellationTokenSource();
        var first = await Task.WhenAny(upload, Task.Delay(LogPatience, time, over.Token));
        await over.CancelAsync();
        if (first != upload)
        {
            return false;
        }

        await upload;
        return true;
    }

    // The object store takes the spooled file away; a node that was killed right after that finds the log only there.
    private async Task<LogState?> LogOf(SpoolEntry entry, ObjectLocation location, bool isRecovery)
    {
        if (entry.LogLength is { } length)
        {
            return new LogState(length, IsUploaded: false);
        }

        for (var attempt = 1; isRecovery; attempt++)
        {
            try
            {
                return await objects.StatAsync(location, _stopping.Token) is { } stat ? new LogState(stat.Size, IsUploaded: true) : null;
            }
            catch (ObjectStoreUnavailableException exception)
            {
                LogUploadFailed(logger, ExecutionId.Parse(entry.Name), exception);
            }

            await Pause(attempt);
        }

        return null;
    }

    private static ExecutionDocument WithLog(ExecutionDocument outcome, ObjectLocation location, LogState? log) => outcome with
    {
        LogsPath = log is { IsUploaded: true } ? location.ToString() : null,
        LogBytes = log?.Length,
        Reason = log is { IsUploaded: false }
            ? string.Join(' ', new[] { outcome.Reason, "The log waits on its worker until the object store takes it." }.OfType<string>())
            : outcome.Reason,
    };

    /// <summary>Tries until the store has it.</summary>
    private async Task UploadAsync(SpoolEntry entry, ObjectLocation location, ExecutionId id, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await objects.TakeFileAsync(location, entry.LogPath, "text/plain; charset=utf-8", cancellationToken);
                return;
            }
            catch (ObjectStoreUnavailableException exception)
            {
                LogUploadFailed(logger, id, exception);
                if (entry.LogLength is null)
                {
                    return; // it was taken after all
                }
            }

            await Pause(attempt, cancellationToken);
        }
    }

    /// <returns>The revision of the stored outcome; null when the execution is not this claim's any more.</returns>
    private async Task<string?> StoreAsync(ExecutionDocument outcome, string? revision)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (revision is not null && await history.ReplaceAsync(outcome, revision) is { } written)
                {
                    return written;
                }

                // Unknown or refused: what is stored decides. Our own write may have been applied without an answer.
                var stored = await history.FindAsync(outcome.ExecutionId);
                if (stored is null || stored.Execution.ClaimToken != outcome.ClaimToken)
                {
                    return null;
                }

                outcome = outcome with
                {
                    ClaimedAt = outcome.ClaimedAt ?? stored.Execution.ClaimedAt,
                    StartedAt = stored.Execution.StartedAt ?? outcome.StartedAt,
                };
                if (stored.Execution == outcome)
                {
                    return stored.Revision;
                }

                if (stored.Execution.ExecutionResult.IsFinal() && stored.Execution.ExecutionResult != outcome.ExecutionResult)
                {
                    LogLate(logger, outcome.ExecutionId, outcome.ExecutionResult, stored.Execution.ExecutionResult);
                    return null;
                }

                revision = stored.Revision;
                continue;
            }
            catch (DocumentStoreUnavailableException exception)
            {
                LogStoreFailed(logger, outcome.ExecutionId, exception);
                revision = null;
            }

            await Pause(attempt);
        }
    }

    // SAVE JOB STATUS is allowed to get lost: the document decides, and the job finds it at its next re-check.
    private async Task TellAsync(ExecutionDocument outcome)
    {
        try
        {
            await grains.GetGrain<ILeaderGrain>(0).SaveJobStatus(
                new SaveJobStatus(outcome.JobId, outcome.ExecutionId, outcome.LogsPath, outcome.ExitStatus, outcome.WorkerId!));
        }
        catch (Exception exception)
        {
            LogNotTold(logger, outcome.ExecutionId, exception);
        }
    }

    private void DeleteSpooled(SpoolEntry entry, ExecutionId id)
    {
        try
        {
            entry.Delete();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotDeleted(logger, id, exception);
        }
    }

    private Task Pause(int attempt) => Pause(attempt, _stopping.Token);

    private Task Pause(int attempt, CancellationToken cancellationToken)
    {
        var delay = FirstDelay * Math.Pow(2, Math.Min(attempt - 1, 10));
        return Task.Delay(delay < LongestDelay ? delay : LongestDelay, time, cancellationToken);
    }

    private sealed record LogState(long Length, bool IsUploaded);
}

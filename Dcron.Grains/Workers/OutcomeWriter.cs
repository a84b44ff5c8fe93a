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
    /// <summary>
    /// How long a result waits for its log while the store takes it. After that, or as soon as the store does not take it (it has tried again by then), the result is
    /// told without, and the log follows: a store that hangs or is away must not hold up a job.
    /// </summary>
    internal static readonly TimeSpan LogPatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    // A result that is not alone is told a little later, so that its file and documents share their commits with others'.
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(25);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Beat _beat = new(Together, time);
    private ILeaderGrain? _leader;

    private ILeaderGrain Leader => _leader ??= grains.GetGrain<ILeaderGrain>(0);

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

        await _beat.NextAsync();
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
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var upload = log is { IsUploaded: false } ? UploadAsync(entry, location, outcome.ExecutionId, refused, over.Token) : Task.CompletedTask;
        try
        {
            if (log is { IsUploaded: false })
            {
                log = await EndsWithinPatience(upload, refused.Task) ? log with { IsUploaded = true, UploadedAt = time.GetUtcNow() } : log;
            }

            var stored = await StoreAsync(WithLog(outcome, location, log), revision);
            if (stored is { Execution.Late: null })
            {
                DcronMetrics.ExecutionFinished(stored.Execution);
                await TellAsync(stored.Execution);
            }

            if (log is { IsUploaded: false } && stored is not null)
            {
                await upload;
                await StoreAsync(WithLog(stored.Execution.Late is null ? outcome : stored.Execution, location, log with { IsUploaded = true, UploadedAt = time.GetUtcNow() }), stored.Revision);
            }
        }
        finally
        {
            await over.CancelAsync(); // of an execution that is not this claim's any more
            await upload.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        DeleteSpooled(entry, outcome.ExecutionId);
    }

    private async Task<bool> EndsWithinPatience(Task upload, Task refused)
    {
        Task known = Task.WhenAny(upload, refused);
        await known.WaitAsync(LogPatience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!upload.IsCompleted)
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
        UploadedAt = log?.UploadedAt,
        LogsPath = log is { IsUploaded: true } ? location.ToString() : null,
        LogBytes = log?.Length,
        Reason = log is { IsUploaded: false }
            ? string.Join(' ', new[] { outcome.Reason, "The log waits on its worker until the object store takes it." }.OfType<string>())
            : outcome.Reason,
    };

    /// <summary>Tries until the store has it.</summary>
    /// <param name="entry">The execution's folder in the spool.</param>
    /// <param name="location">Where its log goes.</param>
    /// <param name="id">For this node's own log.</param>
    /// <param name="refused">Completed when the store did not take it at once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task UploadAsync(SpoolEntry entry, ObjectLocation location, ExecutionId id, TaskCompletionSource refused, CancellationToken cancellationToken)
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

                refused.TrySetResult();
            }

            await Pause(attempt, cancellationToken);
        }
    }

    /// <returns>What was stored, which is no more than a note where the result came too late; null when the execution is not this claim's any more.</returns>
    private async Task<StoredExecution?> StoreAsync(ExecutionDocument outcome, string? revision)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (revision is not null && await ReplaceAsync(outcome, revision) is { } written)
                {
                    return new StoredExecution(outcome, written);
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
                    UploadedAt = outcome.UploadedAt ?? stored.Execution.UploadedAt,

                    // Where it was closed as lost before, that counts: the next attempt's delay begins there.
                    FinishedAt = stored.Execution.ExecutionResult.IsFinal() && stored.Execution.ExecutionResult == outcome.ExecutionResult ? stored.Execution.FinishedAt : outcome.FinishedAt,
                };
                if (stored.Execution == outcome)
                {
                    return stored;
                }

                if (stored.Execution.ExecutionResult.IsFinal() && stored.Execution.ExecutionResult != outcome.ExecutionResult)
                {
                    LogLate(logger, outcome.ExecutionId, outcome.ExecutionResult, stored.Execution.ExecutionResult);
                    if (stored.Execution is not { ExecutionResult: ExecutionResult.Lost, Late: null })
                    {
                        return null;
                    }

                    outcome = Superseded(outcome, by: stored.Execution);
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

    // No slot waits for it: it goes to the disk with the next claim.
    private async ValueTask<string?> ReplaceAsync(ExecutionDocument outcome, string revision)
    {
        using var patience = PatientWrites.Begin();
        return await history.ReplaceAsync(outcome, revision);
    }

    // Another attempt may have followed long ago: the result stays what it was, and says what it would have been.
    private ExecutionDocument Superseded(ExecutionDocument outcome, ExecutionDocument by) => outcome with
    {
        ExecutionResult = by.ExecutionResult,
        ExitStatus = by.ExitStatus,
        Signal = by.Signal,
        Reason = by.Reason,
        FinishedAt = by.FinishedAt,
        Late = new LateResult(outcome.ExecutionResult, outcome.ExitStatus, outcome.Signal, outcome.FinishedAt, time.GetUtcNow()),
    };

    // SAVE JOB STATUS is allowed to get lost: the document decides, and the job finds it at its next re-check.
    private async Task TellAsync(ExecutionDocument outcome)
    {
        try
        {
            await Leader.SaveJobStatus(
                new SaveJobStatus(outcome.JobId, outcome.ExecutionId, outcome.LogsPath, outcome.ExitStatus, outcome.WorkerId!, ExecutionEnd.Of(outcome)));
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

    private sealed record LogState(long Length, bool IsUploaded, DateTimeOffset? UploadedAt = null);
}

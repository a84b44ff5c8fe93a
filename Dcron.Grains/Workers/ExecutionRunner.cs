using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Leading;
using Dcron.Grains.Processes;
using Dcron.Grains.Scripts;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Workers;

/// <summary>Takes a claimed execution through its life: script, process, log, outcome.</summary>
internal sealed partial class ExecutionRunner(
    Spool spool,
    WorkingFolders folders,
    ScriptCache scripts,
    InterpreterCatalog interpreters,
    ScriptHost host,
    OutcomeWriter outcomes,
    ExecutionHistory history,
    IGrainFactory grains,
    IOptions<WorkerOptions> options,
    TimeProvider time,
    ILogger<ExecutionRunner> logger)
{
    // A script that is over within this time is never shown with its start while it runs: that would cost a write for nothing.
    private static readonly TimeSpan StartShownAfter = TimeSpan.FromSeconds(1);

    public Spool Spool { get; } = spool;

    public async Task RunAsync(HeldExecution held)
    {
        var (claim, _) = held.Claim!.Value;
        var outcome = await BeginAsync(held) switch
        {
            Begun.Running running => await FinishAsync(held, running.Run),
            Begun.Refused refused => claim with { ExecutionResult = refused.Result, Reason = refused.Reason },
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
        held.FreeSlot();
        grains.GetGrain<ILeaderGrain>(0).SlotFreed(claim.WorkerId!, claim.ExecutionId).Ignore();
        var (document, revision) = held.Claim.Value;
        folders.Remove(claim.ExecutionId.ToString());
        await outcomes.PublishAsync(held.Entry!, outcome with { ClaimedAt = document.ClaimedAt, FinishedAt = time.GetUtcNow(), OpenOn = null }, revision);
    }

    /// <summary>Closes a claim whose creation was never answered, if it was one.</summary>
    public Task CloseNeverStartedAsync(HeldExecution held) =>
        outcomes.PublishAsync(held.Entry!, NeverStarted(held.ClaimDocument(time.GetUtcNow())), revision: null);

    private ExecutionDocument NeverStarted(ExecutionDocument claim) => claim with
    {
        ExecutionResult = ExecutionResult.Lost,
        Reason = "The worker claimed it, but the document store did not answer in time to start it.",
        FinishedAt = time.GetUtcNow(),
        OpenOn = null,
    };

    private async Task<Begun> BeginAsync(HeldExecution held)
    {
        var launch = held.Launch;
        if (held.CancelReason is { } reason)
        {
            return new Begun.Refused(ExecutionResult.Cancelled, reason);
        }

        if (!ObjectLocation.TryParse(launch.ScriptLocation, out var location, out var malformed))
        {
            return new Begun.Refused(ExecutionResult.Failed, $"The script's location {malformed}.");
        }

        try
        {
            return await scripts.GetAsync(location, launch.ScriptSha256) switch
            {
                ScriptFetch.Ready ready => Spawn(held, ready),
                ScriptFetch.Missing missing => new Begun.Refused(ExecutionResult.Failed, missing.Reason),
                ScriptFetch.Unavailable unavailable => new Begun.Refused(ExecutionResult.Failed, unavailable.Reason),
                var other => throw new System.Diagnostics.UnreachableException($"{other}"),
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new Begun.Refused(ExecutionResult.Failed, "The worker's disk does not take the execution: " + exception.Message);
        }
    }

    private Begun Spawn(HeldExecution held, ScriptFetch.Ready script)
    {
        var launch = held.Launch;
        var interpreter = interpreters.Interpreters[launch.ScriptType];
        var folder = folders.Create(launch.ExecutionId.ToString());
        var start = host.Start(new ScriptCommand
        {
            ExecutionId = launch.ExecutionId.ToString(),
            Executable = interpreter.Path,
            Arguments = interpreter.BuildArguments(script.Path, launch.Args),
            Environment = ScriptEnvironment.Build(launch, interpreter, folder),
            WorkingDirectory = folder,
            LogPath = held.Entry!.LogPath,
            LogLimitBytes = options.Value.LogLimitBytes,
            Timeout = launch.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Grace = TimeSpan.FromSeconds(options.Value.StopGraceSeconds),
        });
        switch (start)
        {
            case ScriptStart.Started started:
                held.Running(started.Run);
                return new Begun.Running(started.Run);
            case ScriptStart.Failed failed:
                return new Begun.Refused(ExecutionResult.Failed, failed.Reason);
            default:
                throw new System.Diagnostics.UnreachableException($"{start}");
        }
    }

    private async Task<ExecutionDocument> FinishAsync(HeldExecution held, ScriptRun run)
    {
        var started = held.Claim!.Value.Document with { StartedAt = run.StartedAt };
        if (!await EndsWithin(run, StartShownAfter))
        {
            await ShowStartAsync(held, started);
        }

        return ScriptOutcome.Of(started, await run.Completion, held);
    }

    private async Task<bool> EndsWithin(ScriptRun run, TimeSpan limit)
    {
        using var over = new CancellationTokenSource();
        var first = await Task.WhenAny(run.Completion, Task.Delay(limit, time, over.Token));
        await over.CancelAsync();
        return first == run.Completion;
    }

    private async Task ShowStartAsync(HeldExecution held, ExecutionDocument started)
    {
        try
        {
            if (await history.ReplaceAsync(started, held.Claim!.Value.Revision) is { } revision)
            {
                held.Claimed(started, revision);
            }
        }
        catch (DocumentStoreUnavailableException exception)
        {
            LogStartNotShown(logger, held.Launch.ExecutionId, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The start of {ExecutionId} could not be shown; it runs on")]
    private static partial void LogStartNotShown(ILogger logger, ExecutionId executionId, Exception exception);

    private abstract record Begun
    {
        private Begun()
        {
        }

        public sealed record Running(ScriptRun Run) : Begun;

        public sealed record Refused(ExecutionResult Result, string Reason) : Begun;
    }
}

using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Ledger;
using Dcron.Grains.Processes;
using Dcron.Grains.Scripts;
using Dcron.Grains.Secrets;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Workers;

/// <summary>Takes a claimed execution through its life: script, process, log, outcome.</summary>
internal partial class ExecutionRunner(
    Spool spool,
    WorkingFolders folders,
    ScriptCache scripts,
    AllowedScripts allowed,
    LaunchSecrets secrets,
    InterpreterCatalog interpreters,
    WorkerContainment containment,
    ScriptHost host,
    ScriptLease lease,
    OutcomeWriter outcomes,
    ExecutionHistory history,
    StartRecorder starts,
    IGrainFactory grains,
    IOptions<WorkerOptions> options,
    TimeProvider time,
    ILogger<ExecutionRunner> logger)
{
    // A script that is over within this time is never shown with its start while it runs: that would cost a write for nothing.
    private static readonly TimeSpan StartShownAfter = TimeSpan.FromSeconds(1);

    private ILeaderGrain? _leader;

    public Spool Spool { get; } = spool;

    // Orleans looks up the interface by reflection for each reference; and there is none before the silo is up.
    private ILeaderGrain Leader => _leader ??= grains.GetGrain<ILeaderGrain>(0);

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
        Leader.SlotFreed(claim.WorkerId!, claim.ExecutionId).Ignore();
        var (document, revision) = held.Claim.Value;
        CleanUp(held);
        await outcomes.PublishAsync(held.Entry!, outcome with { ClaimedAt = document.ClaimedAt, FinishedAt = time.GetUtcNow(), OpenOn = null }, revision);
    }

    /// <summary>
    /// Runs on the thread pool what no grain waits for. In the grain that it was called from, each step of each execution would wait for its turn among
    /// those of all others, and take a message's way through its scheduler.
    /// </summary>
    public virtual Task BesideGrains(Func<Task> run) => Task.Run(run);

    /// <summary>Closes a claim whose creation was never answered, if it was one.</summary>
    public Task CloseNeverStartedAsync(HeldExecution held) =>
        outcomes.PublishAsync(held.Entry!, NeverStarted(held.Document(time.GetUtcNow())), revision: null);

    private ExecutionDocument NeverStarted(ExecutionDocument claim) => claim with
    {
        ExecutionResult = ExecutionResult.Lost,
        Reason = "The worker claimed it, but the document store did not answer in time to start it.",
        ClaimedAt = null, // the stored claim says when
        FinishedAt = time.GetUtcNow(),
        OpenOn = null,
    };

    private async Task<Begun> BeginAsync(HeldExecution held)
    {
        if (held.CancelReason is { } reason)
        {
            return new Begun.Refused(ExecutionResult.Cancelled, reason);
        }

        if (!lease.IsHeld)
        {
            return new Begun.Refused(ExecutionResult.Lost, "The document store did not confirm in time that the worker's silo is a member; the script was not started.");
        }

        return await StartAsync(held);
    }

    /// <summary>Fetches the script and starts it. What a simulation of the cluster replaces, with <see cref="CleanUp"/>.</summary>
    protected virtual async Task<Begun> StartAsync(HeldExecution held)
    {
        var launch = held.Launch;
        if (!ObjectLocation.TryParse(launch.ScriptLocation, out var location, out var malformed))
        {
            return new Begun.Refused(ExecutionResult.Failed, $"The script's location {malformed}.");
        }

        if (allowed.ReasonAgainst(location, Namespaces.FromStored(launch.Namespace)) is { } against)
        {
            return new Begun.Refused(ExecutionResult.Failed, $"The script's location {against}.");
        }

        try
        {
            var delivery = await secrets.ReadAsync(launch);
            if (delivery is SecretDelivery.Refused { Reason: var missing })
            {
                return new Begun.Refused(ExecutionResult.Failed, missing);
            }

            return await scripts.GetAsync(location, launch.ScriptSha256) switch
            {
                ScriptFetch.Ready ready => Spawn(held, ready, (SecretDelivery.Ready)delivery),
                ScriptFetch.Missing gone => new Begun.Refused(ExecutionResult.Failed, gone.Reason),
                ScriptFetch.Unavailable unavailable => new Begun.Refused(ExecutionResult.Failed, unavailable.Reason),
                var other => throw new System.Diagnostics.UnreachableException($"{other}"),
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new Begun.Refused(ExecutionResult.Failed, "The worker's machine does not take the execution: " + exception.Message);
        }
        catch (DocumentStoreUnavailableException exception)
        {
            return new Begun.Refused(ExecutionResult.Failed, "The secrets that it asks for could not be read: " + exception.Message);
        }
    }

    protected virtual void CleanUp(HeldExecution held)
    {
        held.Contained?.End();
        folders.Remove(held.Launch.ExecutionId.ToString());
        held.Contained?.Release();
    }

    /// <summary>A process was started: that is recorded before anything else.</summary>
    protected void Started(HeldExecution held, IRunningScript script)
    {
        starts.Record(held, script.StartedAt);
        held.Running(script);
    }

    private Begun Spawn(HeldExecution held, ScriptFetch.Ready script, SecretDelivery.Ready delivery)
    {
        var launch = held.Launch;
        var interpreter = interpreters.Interpreters[launch.ScriptType];
        var contained = held.Contained = containment.Contain(launch, interpreter, script.Path);
        var start = host.Start(new ScriptCommand
        {
            ExecutionId = launch.ExecutionId.ToString(),
            Executable = interpreter.Path,
            Arguments = interpreter.BuildArguments(contained.Script, launch.Args),
            Environment = delivery.AddTo(
                ScriptEnvironment.Build(launch, interpreter, contained.Home, contained.Temp), contained.Folder, contained.Home, contained.Containment.User?.Id),
            WorkingDirectory = contained.Folder,
            LogPath = held.Entry!.LogPath,
            LogLimitBytes = options.Value.LogLimitBytes,
            MarksErrors = launch.Stderr == StderrMode.Marked,
            Secrets = delivery.Matcher,
            Timeout = launch.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Containment = contained.Containment,
            Grace = TimeSpan.FromSeconds(options.Value.StopGraceSeconds),
        });
        switch (start)
        {
            case ScriptStart.Started started:
                Started(held, started.Run);
                return new Begun.Running(started.Run);
            case ScriptStart.Failed failed:
                contained.Containment.Group?.Remove();
                return new Begun.Refused(ExecutionResult.Failed, failed.Reason);
            default:
                throw new System.Diagnostics.UnreachableException($"{start}");
        }
    }

    private async Task<ExecutionDocument> FinishAsync(HeldExecution held, IRunningScript run)
    {
        var started = held.Claim!.Value.Document with
        {
            StartedAt = run.StartedAt,
            Containment = held.Contained?.InForce,
            Provenance = LaunchProvenance.Of(held.Launch, interpreters.Interpreters.GetValueOrDefault(held.Launch.ScriptType)),
        };
        if (!await EndsWithin(run, StartShownAfter))
        {
            await ShowStartAsync(held, started);
        }

        return ScriptOutcome.Of(started, await run.Completion, held);
    }

    private async Task<bool> EndsWithin(IRunningScript run, TimeSpan limit)
    {
        Task completion = run.Completion;
        await completion.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return completion.IsCompleted;
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

    protected abstract record Begun
    {
        private Begun()
        {
        }

        public sealed record Running(IRunningScript Run) : Begun;

        public sealed record Refused(ExecutionResult Result, string Reason) : Begun;
    }
}

using System.Runtime.InteropServices;
using Dcron.Grains.Cluster;
using Dcron.Grains.History;
using Dcron.Grains.Leading;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Dcron.Grains.Workers;

/// <summary>
/// Keeps the worker going: renews the scripts' lease, tells the leader every second what this worker is (which also brings a leader
/// up), finishes what an earlier process left behind, and drains when the node stops. Registered after Orleans, so that it stops before the silo does.
/// </summary>
internal sealed partial class WorkerService(
    WorkerNode node,
    GuardLink guard,
    ScriptLease lease,
    WorkingFolders folders,
    SpoolRecovery recovery,
    OutcomeWriter outcomes,
    ExecutionHistory history,
    SiloStart silo,
    IGrainFactory grains,
    IOptions<WorkerOptions> options,
    TimeProvider time,
    ILogger<WorkerService> logger) : BackgroundService
{
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AuditPeriod = TimeSpan.FromMinutes(1);

    // For storing the outcomes of scripts that have just been ended.
    private static readonly TimeSpan StoringGrace = TimeSpan.FromSeconds(5);

    // A leader that hangs must not take the scripts' grace; it is told by the worker's answers as well.
    private static readonly TimeSpan WithdrawPatience = TimeSpan.FromSeconds(3);

    private Task _report = Task.CompletedTask;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // A second signal ends the grace: whoever sends it does not want to wait.
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, HurryUp);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, HurryUp);
        node.Drain();
        await WithdrawAsync();
        if (!await node.FinishesWithin(TimeSpan.FromSeconds(options.Value.ShutdownGraceSeconds), impatience.Token))
        {
            node.EndScripts();
            await node.FinishesWithin(TimeSpan.FromSeconds(options.Value.StopGraceSeconds) + StoringGrace, CancellationToken.None);
        }

        outcomes.Stop(); // what no store takes now waits in the spool for the next start
        await node.FinishesWithin(StoringGrace, CancellationToken.None);
        await base.StopAsync(cancellationToken);

        void HurryUp(PosixSignalContext signal)
        {
            signal.Cancel = true;
            impatience.Cancel();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await silo.IsActiveAsync(stoppingToken))
        {
            return;
        }

        folders.Sweep(); // before the guard is there, no script is started
        guard.Open();
        await Task.WhenAll(RecoverAsync(stoppingToken), lease.KeepAsync(stoppingToken), ReportAsync(stoppingToken), AuditAsync(stoppingToken));
    }

    private async Task RecoverAsync(CancellationToken stopping)
    {
        try
        {
            await recovery.RunAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task ReportAsync(CancellationToken stopping)
    {
        try
        {
            await guard.WhenReadyAsync(stopping); // without it nothing could be started, and a launch would only fail
        }
        catch (OperationCanceledException)
        {
            return;
        }

        using var timer = new PeriodicTimer(ReportPeriod, time);
        do
        {
            // A leader that is being replaced may take seconds to answer; reports don't pile up behind it.
            if (_report.IsCompleted)
            {
                _report = TryReportAsync();
            }
        }
        while (await NextAsync(timer, stopping));
    }

    /// <summary>One report to the leader.</summary>
    internal async Task TryReportAsync()
    {
        try
        {
            await grains.GetGrain<ILeaderGrain>(0).Report(node.Describe());
        }
        catch (Exception exception)
        {
            LogReportFailed(logger, exception);
        }
    }

    /// <summary>Closes claims that this worker bears in the store but does not hold (their answers were lost): they would stay "running" for ever.</summary>
    internal async Task AuditOnceAsync(CancellationToken stopping)
    {
        try
        {
            var before = time.GetUtcNow() - AuditPeriod;
            foreach (var stored in await history.OpenOnAsync(node.WorkerId, stopping))
            {
                if (stored.Execution.ClaimedAt < before && !node.Holds(stored.Execution.ExecutionId))
                {
                    await outcomes.CloseUnheldAsync(stored);
                }
            }
        }
        catch (Exception exception) when (exception is DocumentStoreUnavailableException or OperationCanceledException)
        {
            LogAuditFailed(logger, exception);
        }
    }

    private async Task AuditAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(AuditPeriod, time);
        while (await NextAsync(timer, stopping))
        {
            await AuditOnceAsync(stopping);
        }
    }

    private async Task WithdrawAsync()
    {
        try
        {
            await grains.GetGrain<ILeaderGrain>(0).Withdraw(node.WorkerId).WaitAsync(WithdrawPatience, time);
        }
        catch (Exception exception)
        {
            LogReportFailed(logger, exception);
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The leader could not be told; the next report is due in a second")]
    private static partial void LogReportFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The check of this worker's open executions did not finish; the next is due in a minute")]
    private static partial void LogAuditFailed(ILogger logger, Exception exception);
}

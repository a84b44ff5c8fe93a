using Dcron.Grains.Processes.Guarding;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Dcron.Grains.Workers;

/// <summary>
/// The lease under which scripts run: what a script may rely on when its silo is killed, hangs, or loses the others. It ends at the earlier of two
/// times: <see cref="AliveFor"/> after this process last ran, and <see cref="WorkerOptions.LeaseSeconds"/> after the membership table last said that
/// this silo is an active member. The guard, a process of its own, ends the scripts when it runs out.
/// </summary>
/// <remarks>
/// The table's answer counts from the moment at which it was asked for. So whoever declares this silo dead knows, without asking it, when its last
/// script ends at the latest: <see cref="WorkerOptions.LeaseSeconds"/> after that. Each claim bears that number, and nobody calls it lost earlier.
/// </remarks>
internal partial class ScriptLease(
    IMembershipTable table,
    ILocalSiloDetails silo,
    GuardLink guard,
    IOptions<WorkerOptions> options,
    TimeProvider time,
    ILogger<ScriptLease> logger)
{
    /// <summary>Long enough for a machine under full load, short enough that a hung node's scripts don't outlive it for long.</summary>
    public static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RenewalPeriod = TimeSpan.FromSeconds(1);

    /// <summary>A few confirmations may fail before a silo counts as without its document store.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private long _confirmedAt = long.MinValue;
    private long _endsAt = long.MinValue;
    private volatile bool _revoked;
    private bool _unconfirmed;

    /// <summary>False before the silo is an active member, and once it has not been told for too long that it still is: nothing is claimed or started then.</summary>
    public virtual bool IsHeld => !_revoked && BootClock.Milliseconds < Volatile.Read(ref _endsAt);

    /// <summary>
    /// Whether the document store has confirmed it in the last seconds. What runs goes on without that as long as the lease is held; but what such a silo took now, it could not claim.
    /// </summary>
    public virtual bool IsConfirmed => IsHeld && BootClock.Milliseconds - Volatile.Read(ref _confirmedAt) < Fresh.TotalMilliseconds;

    /// <summary>Renews the lease until the node has stopped.</summary>
    public async Task KeepAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(RenewalPeriod, time);
        var asking = Task.CompletedTask;
        try
        {
            do
            {
                if (asking.IsCompleted)
                {
                    asking = AskAsync(stopping); // not awaited: a table that does not answer must not take the process for dead
                }

                Renew();
            }
            while (!_revoked && await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }

        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AskAsync(CancellationToken stopping)
    {
        var asked = BootClock.Milliseconds;
        try
        {
            var answer = await table.ReadRowAsync(silo.SiloAddress, stopping);
            switch (answer.Members is [var (row, _)] ? row.Status : SiloStatus.None)
            {
                case SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping:
                    Volatile.Write(ref _confirmedAt, asked);
                    if (_unconfirmed)
                    {
                        LogConfirmedAgain(logger);
                        _unconfirmed = false;
                    }

                    Renew();
                    break;
                case SiloStatus.Created or SiloStatus.Joining:
                    break;
                default:
                    Revoke();
                    break;
            }
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            if (!_unconfirmed)
            {
                LogUnconfirmed(logger, options.Value.LeaseSeconds, exception.Message);
                _unconfirmed = true;
            }
        }
    }

    private void Renew()
    {
        var confirmed = Volatile.Read(ref _confirmedAt);
        if (_revoked || confirmed == long.MinValue)
        {
            return;
        }

        var now = BootClock.Milliseconds;
        var end = Math.Min(now + (long)AliveFor.TotalMilliseconds, confirmed + (long)(options.Value.LeaseSeconds * 1000));
        if (end > now)
        {
            Volatile.Write(ref _endsAt, end);
            guard.RenewLease(TimeSpan.FromMilliseconds(end - now));
        }
    }

    // The others go on without this silo. What it runs would run beside what they start.
    private void Revoke()
    {
        _revoked = true;
        guard.RenewLease(TimeSpan.Zero);
        LogRevoked(logger, silo.SiloAddress);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The document store does not confirm that this silo is a member. Nothing new is started; what runs is ended {Seconds} s after the last confirmation unless the next one comes first: {Reason}")]
    private static partial void LogUnconfirmed(ILogger logger, double seconds, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The document store confirms again that this silo is a member")]
    private static partial void LogConfirmedAgain(ILogger logger);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The cluster has declared this silo ({Silo}) dead, since it did not answer the others for some seconds: its scripts are ended, and the process ends as well, to be started anew")]
    private static partial void LogRevoked(ILogger logger, SiloAddress silo);
}

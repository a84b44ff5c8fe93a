using System.Collections.Concurrent;
using Dcron.Grains.Executions;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Dcron.Grains.Cluster;

/// <summary>Tells when a worker is certainly gone, its scripts included.</summary>
internal sealed class WorkerLiveness : ISiloStatusListener, ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>What a claim without a lease of its own was made under.</summary>
    public const double DefaultLeaseSeconds = 90;

    /// <summary>For the guard to act, and for clocks that don't run equally fast.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<SiloAddress, long> _goneSince = new();
    private readonly ISiloStatusOracle _silos;
    private readonly TimeProvider _time;
    private int _deaths;

    public WorkerLiveness(ISiloStatusOracle silos, [FromKeyedServices(DcronClock.Key)] TimeProvider time) => (_silos, _time) = (silos, time);

    /// <summary>How many silos were seen dying; whoever remembers the number sees that there was another one.</summary>
    public int Deaths => Volatile.Read(ref _deaths);

    /// <summary>
    /// How long to wait until nothing that a claim's worker started can run any more. It may have been confirmed a member just before it was declared
    /// dead, so its lease runs from there: nothing is called lost before that.
    /// </summary>
    /// <param name="claim">With its worker.</param>
    /// <returns>Zero once it is certainly gone; null while it is a member.</returns>
    public TimeSpan? TimeToCertainty(ExecutionDocument claim)
    {
        var worker = SiloAddress.FromParsableString(claim.WorkerId!);
        if (_silos.GetApproximateSiloStatus(worker) is not (SiloStatus.Dead or SiloStatus.None))
        {
            _goneSince.TryRemove(worker, out _);
            return null;
        }

        var gone = _time.GetElapsedTime(_goneSince.GetOrAdd(worker, _ => _time.GetTimestamp()));
        var left = TimeSpan.FromSeconds(claim.LeaseSeconds ?? DefaultLeaseSeconds) + Margin - gone;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Whether a worker's silo counts as a member of the cluster, here and now.</summary>
    public bool IsMember(string workerId) => _silos.GetApproximateSiloStatus(SiloAddress.FromParsableString(workerId)) is not (SiloStatus.Dead or SiloStatus.None);

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead && _goneSince.TryAdd(updatedSilo, _time.GetTimestamp()))
        {
            Interlocked.Increment(ref _deaths);
        }
    }

    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(WorkerLiveness), ServiceLifecycleStage.RuntimeGrainServices, _ =>
        {
            _silos.SubscribeToSiloStatusEvents(this);
            return Task.CompletedTask;
        });
}

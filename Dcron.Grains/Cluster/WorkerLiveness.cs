using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Dcron.Grains.Cluster;

/// <summary>Tells when a worker is certainly gone, its scripts included.</summary>
internal sealed class WorkerLiveness(ISiloStatusOracle silos, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    /// <summary>
    /// How long a script may outlive its silo: the guard ends scripts when the lease runs out, and the silo may have
    /// renewed it just before it was declared dead. Nothing is called lost before that.
    /// </summary>
    public static readonly TimeSpan FenceTime = Workers.ScriptLease.Duration + TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, long> _goneSince = new();

    /// <param name="workerId">A silo address with its generation.</param>
    /// <returns>True once the silo has been dead or unknown for at least <see cref="FenceTime"/>, as seen from here.</returns>
    public bool IsCertainlyGone(string workerId)
    {
        var silo = SiloAddress.FromParsableString(workerId);
        if (silos.GetApproximateSiloStatus(silo) is not (SiloStatus.Dead or SiloStatus.None))
        {
            _goneSince.TryRemove(workerId, out _);
            return false;
        }

        return time.GetElapsedTime(_goneSince.GetOrAdd(workerId, _ => time.GetTimestamp())) >= FenceTime;
    }
}

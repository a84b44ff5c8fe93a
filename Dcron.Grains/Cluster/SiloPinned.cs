using Dcron.Grains.Executions;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Dcron.Grains.Cluster;

/// <summary>
/// Places a grain on the silo that its key begins with. A key whose silo is gone fails at once and for ever:
/// the slots and processes behind such a grain went with it.
/// </summary>
[Serializable, GenerateSerializer, Immutable, Alias("dcron.silo-pinned-placement")]
internal sealed class SiloPinnedPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class SiloPinnedAttribute() : PlacementAttribute(new SiloPinnedPlacement());

internal sealed class SiloPinnedPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var workerId = ExecutionGrainKey.WorkerIdOf(target.GrainIdentity.Key.ToString()!);
        var silo = SiloAddress.FromParsableString(workerId);
        return context.GetCompatibleSilos(target).Contains(silo)
            ? Task.FromResult(silo)
            : throw new SiloUnavailableException($"Worker {workerId} is gone");
    }
}

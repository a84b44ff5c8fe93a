using Dcron.Grains.Containing;
using Dcron.Grains.Workers;

namespace Dcron.Api.Workers;

/// <summary>Whether anybody can contain a job as it wants to be.</summary>
internal static class Uncontainable
{
    /// <returns>Why none of the workers can, worker by worker; null when one can, or none is known.</returns>
    public static string? Why(IReadOnlyCollection<WorkerInfo> workers, ScriptLimits? limits, bool? network)
    {
        var reasons = workers.Select(worker => (worker.WorkerId, Why: worker.Containment?.WhyNot(limits, network))).ToList();
        return reasons.Count == 0 || reasons.Exists(reason => reason.Why is null) ? null
            : string.Join("; ", reasons.Take(3).Select(reason => $"on {reason.WorkerId} {reason.Why}"));
    }
}

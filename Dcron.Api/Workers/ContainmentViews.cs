using Dcron.Api.Json;
using Dcron.Grains.Containing;

namespace Dcron.Api.Workers;

/// <summary>Limits; null where there is none.</summary>
internal sealed record LimitsView(long? MemoryBytes, int? Processes, int? OpenFiles, int? CpuSeconds, long? FileSizeBytes, long? DiskBytes)
{
    public static LimitsView? Of(ScriptLimits? limits) =>
        limits is null ? null : new(limits.MemoryBytes, limits.Processes, limits.OpenFiles, limits.CpuSeconds, limits.FileSizeBytes, limits.DiskBytes);
}

/// <summary>How a worker contains scripts.</summary>
/// <param name="Sandbox"><c>bubblewrap</c> or <c>none</c>.</param>
/// <param name="SandboxReason">Why there is none.</param>
/// <param name="User"><c>own</c>, <c>shared</c> or <c>node</c>.</param>
/// <param name="LimitsBy"><c>cgroup</c> or <c>rlimits</c>.</param>
/// <param name="Maxima">What a job's limits may not exceed.</param>
/// <param name="Network">Whether scripts have one unless their job says otherwise.</param>
internal sealed record WorkerContainmentView(string Sandbox, string? SandboxReason, string User, string LimitsBy, LimitsView Maxima, bool Network)
{
    public static WorkerContainmentView? Of(WorkerContainmentInfo? info) => info is null ? null
        : new(Words.Of(info.Sandbox), info.SandboxReason, Words.Of(info.User), Words.Of(info.LimitsBy), LimitsView.Of(info.Maxima)!, info.Network);
}

/// <summary>How one execution was contained.</summary>
/// <param name="UserId">Number of the user that it ran as.</param>
/// <param name="Limits">The limits in force.</param>
internal sealed record ExecutionContainmentView(string Sandbox, string User, long UserId, bool Network, string LimitsBy, LimitsView? Limits)
{
    public static ExecutionContainmentView? Of(ExecutionContainment? containment) => containment is null ? null
        : new(Words.Of(containment.Sandbox), Words.Of(containment.User), containment.UserId, containment.Network, Words.Of(containment.LimitsBy), LimitsView.Of(containment.Limits));
}

/// <summary>What an execution used.</summary>
internal sealed record ExecutionUseView(double CpuSeconds, long? MemoryPeakBytes)
{
    public static ExecutionUseView? Of(ExecutionUse? use) => use is null ? null : new(use.CpuSeconds, use.MemoryPeakBytes);
}

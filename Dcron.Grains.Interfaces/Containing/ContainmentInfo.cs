using System.Text.Json.Serialization;
using Dcron.Grains.Json;

namespace Dcron.Grains.Containing;

/// <summary>What keeps a script's view of the machine small.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<SandboxKind>))]
public enum SandboxKind
{
    None,
    Bubblewrap,
}

/// <summary>As whom scripts run.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<UserKind>))]
public enum UserKind
{
    /// <summary>As the node's own user.</summary>
    Node,

    /// <summary>As one user for all scripts of a worker.</summary>
    Shared,

    /// <summary>Each as a user that nobody else is while it runs.</summary>
    Own,
}

/// <summary>What keeps a script within its limits.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<LimitKeeper>))]
public enum LimitKeeper
{
    /// <summary>Limits of single processes. Memory is that of each process' address space.</summary>
    Rlimits,

    /// <summary>A control group of its own: memory, processes and processor time of all of a script's processes together.</summary>
    Cgroup,
}

/// <summary>How a worker contains scripts.</summary>
[GenerateSerializer, Immutable, Alias("dcron.worker-containment")]
public sealed record WorkerContainmentInfo
{
    [Id(0)]
    public required SandboxKind Sandbox { get; init; }

    /// <summary>Why there is no sandbox; null where there is one.</summary>
    [Id(1)]
    public string? SandboxReason { get; init; }

    [Id(2)]
    public required UserKind User { get; init; }

    [Id(3)]
    public required LimitKeeper LimitsBy { get; init; }

    /// <summary>What a job's limits may not exceed.</summary>
    [Id(4)]
    public required ScriptLimits Maxima { get; init; }

    /// <summary>Whether scripts have a network unless their job says otherwise.</summary>
    [Id(5)]
    public required bool Network { get; init; }

    /// <summary>Whether a job may go without a network here.</summary>
    [Id(6)]
    public required bool CanCutNetwork { get; init; }

    /// <summary>Whether a job's <see cref="ScriptLimits.DiskBytes"/> can be kept here.</summary>
    [Id(7)]
    public bool CanLimitDisk { get; init; }

    /// <summary>Why a job with these wishes can't run here; null when it can.</summary>
    public string? WhyNot(ScriptLimits? limits, bool? network) =>
        network is false && !CanCutNetwork ? "network is false, which needs a sandbox with a network of its own, and it has none"
        : network is true && !Network ? "network is true, and it lets no script have one"
        : limits?.DiskBytes is { } disk && !CanLimitDisk ? $"limits.disk_bytes is {disk}, and it can't limit that: only a node that is root and may mount can"
        : limits?.Beyond(Maxima) is { } field ? $"limits.{field} is {Value(limits, field)}, and it allows {Value(Maxima, field)}"
        : null;

    private static long? Value(ScriptLimits limits, string field) => limits.All.First(limit => limit.Field == field).Value;
}

/// <summary>How one execution was contained.</summary>
[GenerateSerializer, Immutable, Alias("dcron.execution-containment")]
public sealed record ExecutionContainment
{
    [Id(0)]
    public required SandboxKind Sandbox { get; init; }

    [Id(1)]
    public required UserKind User { get; init; }

    /// <summary>Number of the user that it ran as.</summary>
    [Id(2)]
    public required uint UserId { get; init; }

    [Id(3)]
    public required bool Network { get; init; }

    [Id(4)]
    public required LimitKeeper LimitsBy { get; init; }

    /// <summary>The limits in force; null for none.</summary>
    [Id(5)]
    public ScriptLimits? Limits { get; init; }
}

/// <summary>What an execution used: all of its processes together where a control group counts, its main process and children that it waited for otherwise.</summary>
[GenerateSerializer, Immutable, Alias("dcron.execution-use")]
public sealed record ExecutionUse
{
    /// <summary>Seconds of processor time.</summary>
    [Id(0)]
    public required double CpuSeconds { get; init; }

    /// <summary>Most memory at a time in bytes; where no control group counts it, that of its largest process, and null in a sandbox, where nothing tells.</summary>
    [Id(1)]
    public long? MemoryPeakBytes { get; init; }
}

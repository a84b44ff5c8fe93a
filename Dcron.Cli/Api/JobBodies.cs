using System.Text.Json;

namespace Dcron.Cli.Api;

/// <summary>A job, as far as people are shown it.</summary>
internal sealed record JobBody
{
    public string JobId { get; set; } = "";

    public string? Name { get; set; }

    public string Time { get; set; } = "";

    public string? Description { get; set; }

    public string? Timezone { get; set; }

    public string ScriptType { get; set; } = "";

    public string ScriptLocation { get; set; } = "";

    public IReadOnlyList<string> Args { get; set; } = [];

    public IReadOnlyDictionary<string, JsonElement> Env { get; set; } = new Dictionary<string, JsonElement>();

    public double? TimeoutSeconds { get; set; }

    public string? OverlapPolicy { get; set; }

    public string? MisfirePolicy { get; set; }

    public double? StartingDeadlineSeconds { get; set; }

    public int? QueueLimit { get; set; }

    public RetriesBody? Retries { get; set; }

    public double? JitterSeconds { get; set; }

    public string? DstGap { get; set; }

    public string? DstOverlap { get; set; }

    public DateTimeOffset? StartsAt { get; set; }

    public DateTimeOffset? EndsAt { get; set; }

    public bool Enabled { get; set; } = true;

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> WorkerSelector { get; set; } = new Dictionary<string, string>();

    public LimitsBody? Limits { get; set; }

    public bool? Network { get; set; }

    public string? Stderr { get; set; }

    public string? Namespace { get; set; }

    public int? Version { get; set; }

    /// <summary>Of a version: from when it counted.</summary>
    public DateTimeOffset? EffectiveAt { get; set; }

    public DateTimeOffset? CreatedAt { get; set; }

    public DateTimeOffset? UpdatedAt { get; set; }

    public IReadOnlyList<DateTimeOffset> NextFireTimes { get; set; } = [];
}

internal sealed record RetriesBody
{
    public int Count { get; set; }

    public string Backoff { get; set; } = "";

    public double DelaySeconds { get; set; }

    public double MaxDelaySeconds { get; set; }

    public double Jitter { get; set; }

    public IReadOnlyList<int> OnExitCodes { get; set; } = [];

    public IReadOnlyList<string> On { get; set; } = [];
}

internal sealed record LimitsBody
{
    public long? MemoryBytes { get; set; }

    public long? Processes { get; set; }

    public long? OpenFiles { get; set; }

    public long? CpuSeconds { get; set; }

    public long? FileSizeBytes { get; set; }

    public long? DiskBytes { get; set; }
}

internal sealed record StartedBody
{
    public string ExecutionId { get; set; } = "";
}

internal sealed record ScriptBody
{
    public string ScriptLocation { get; set; } = "";

    public string? Sha256 { get; set; }

    public long? Size { get; set; }
}

internal sealed record BackfillPlanBody
{
    /// <summary>What was begun; null for a dry run.</summary>
    public BackfillBody? Backfill { get; set; }

    public int Total { get; set; }

    public IReadOnlyList<DateTimeOffset> FireTimes { get; set; } = [];

    public IReadOnlyList<DateTimeOffset> LeftOut { get; set; } = [];
}

internal sealed record BackfillBody
{
    public int Number { get; set; }

    public string State { get; set; } = "";

    public DateTimeOffset From { get; set; }

    public DateTimeOffset To { get; set; }

    public DateTimeOffset DecidedUpTo { get; set; }

    public int Launched { get; set; }

    public int LeftOutCount { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
}

using System.Text.Json.Serialization;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs;

/// <summary>What a client asks for: when to run which script, and how. Validated before it gets here.</summary>
[GenerateSerializer, Immutable, Alias("dcron.job-spec")]
public sealed record JobSpec
{
    /// <summary>Cron expression of 5 or 6 fields (seconds first), or a macro such as <c>@daily</c>.</summary>
    [Id(0)]
    public required string Time { get; init; }

    /// <summary>Name of an interpreter: <c>python</c>, <c>ruby</c>, or one that the workers configure.</summary>
    [Id(1)]
    public required string ScriptType { get; init; }

    /// <summary><c>s3://bucket/key</c></summary>
    [Id(2)]
    public required string ScriptLocation { get; init; }

    /// <summary>Unique among jobs where given.</summary>
    [Id(3)]
    public string? Name { get; init; }

    /// <summary>IANA time zone in which <see cref="Time"/> is read.</summary>
    [Id(4)]
    public string Timezone { get; init; } = "UTC";

    [Id(5)]
    public IReadOnlyList<string> Args { get; init; } = [];

    [Id(6)]
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>Longest run time in seconds before the script is ended; null for no limit.</summary>
    [Id(7)]
    public double? TimeoutSeconds { get; init; }

    /// <summary>Nothing fires before this instant.</summary>
    [Id(8)]
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Nothing fires at or after this instant.</summary>
    [Id(9)]
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>False while the job is paused: its fire times pass unplanned.</summary>
    [Id(10)]
    public bool Enabled { get; init; } = true;

    [Id(11)]
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels that a worker must have, all of them, to be offered this job.</summary>
    [Id(12)]
    public IReadOnlyDictionary<string, string> WorkerSelector { get; init; } = new Dictionary<string, string>();

    [Id(13)]
    public OverlapPolicy OverlapPolicy { get; init; } = OverlapPolicy.Skip;

    [Id(14)]
    public MisfirePolicy MisfirePolicy { get; init; } = MisfirePolicy.RunLatest;
}

/// <summary>What happens to a fire time while an earlier execution of the same job is queued or running.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<OverlapPolicy>))]
public enum OverlapPolicy
{
    /// <summary>It is recorded as <c>skipped</c>.</summary>
    Skip,
}

/// <summary>What happens to fire times that passed while nobody could plan them.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<MisfirePolicy>))]
public enum MisfirePolicy
{
    /// <summary>The latest runs, the ones before it are recorded as <c>missed</c>.</summary>
    RunLatest,
}

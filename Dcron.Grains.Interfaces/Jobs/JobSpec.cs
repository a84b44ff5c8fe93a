using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Access;
using Dcron.Grains.Containing;
using Dcron.Grains.Json;
using Dcron.Grains.Secrets;

namespace Dcron.Grains.Jobs;

/// <summary>What a client asks for: when to run which script, and how. Validated before it gets here.</summary>
[GenerateSerializer, Immutable, Alias("dcron.job-spec")]
public sealed partial record JobSpec
{
    /// <summary>Cron expression of 5 or 6 fields (seconds first), or a macro such as <c>@daily</c>.</summary>
    [Id(0)]
    public required string Time { get; init; }

    /// <summary>Name of an interpreter: <c>python</c>, <c>ruby</c>, or one that the workers configure.</summary>
    [Id(1)]
    public required string ScriptType { get; init; }

    /// <summary><c>s3://bucket/key</c>, in dcron's own bucket or one that is allowed.</summary>
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

    /// <summary>A scheduled launch that no worker has claimed this many seconds after it was due is recorded as <c>missed</c>; null for no limit. 1 to 2,592,000.</summary>
    [Id(15)]
    public double? StartingDeadlineSeconds { get; init; }

    /// <summary>With the overlap policy <c>queue</c>: how many launches may wait; null for <see cref="DefaultQueueLimit"/>. 1 to 100.</summary>
    [Id(16)]
    public int? QueueLimit { get; init; }

    /// <summary>Null for no further attempts.</summary>
    [Id(17)]
    public RetryPolicy? Retries { get; init; }

    /// <summary>
    /// Spreads the starts: each launch is due up to this many seconds after its fire time, by how much depends on the job and the fire time alone.
    /// Null for none. Up to 86,400, and less than the time between two fire times.
    /// </summary>
    [Id(18)]
    public double? JitterSeconds { get; init; }

    [Id(19), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DstGap DstGap { get; init; }

    [Id(20), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DstOverlap DstOverlap { get; init; }

    /// <summary>The namespace as it is stored: null for <see cref="Namespaces.Default"/>. A job stays in the one in which it was created.</summary>
    [Id(30)]
    public string? Namespace { get; init; }

    /// <summary>Environment variables that a secret gives their value; none of them is in <see cref="Env"/> too. Null for none.</summary>
    [Id(31)]
    public IReadOnlyDictionary<string, SecretReference>? Secrets { get; init; }

    /// <summary>The namespace by its name.</summary>
    [JsonIgnore]
    public string InNamespace => Namespaces.FromStored(Namespace);

    /// <summary>What its script may use at most, within the worker's own limits; null leaves it to the worker.</summary>
    [Id(40)]
    public ScriptLimits? Limits { get; init; }

    /// <summary>Whether its script has a network; null leaves it to the worker.</summary>
    [Id(41)]
    public bool? Network { get; init; }

    /// <summary>What becomes of the script's standard error in its log.</summary>
    [Id(48), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public StderrMode Stderr { get; init; }

    public const int DefaultQueueLimit = 10;

    /// <summary>Fields of a later version, kept as they are.</summary>
    [Id(98), JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>What happens to a fire time while an earlier execution of the same job is queued or running, or waits for its next attempt.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<OverlapPolicy>))]
public enum OverlapPolicy
{
    /// <summary>It is recorded as <c>skipped</c>.</summary>
    Skip,

    /// <summary>It is launched beside the others.</summary>
    Allow,

    /// <summary>It waits until all before it are over. When the queue is full it is recorded as <c>skipped</c>.</summary>
    Queue,

    /// <summary>What runs by schedule is cancelled, and the new one starts when that has ended.</summary>
    Replace,
}

/// <summary>What happens to fire times that passed while nobody could plan them.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<MisfirePolicy>))]
public enum MisfirePolicy
{
    /// <summary>The latest runs, the ones before it are recorded as <c>missed</c>.</summary>
    RunLatest,

    /// <summary>All are recorded as <c>missed</c>.</summary>
    Skip,

    /// <summary>The latest of them run in order, as many as may be open at once; the ones before are recorded as <c>missed</c>.</summary>
    RunAll,
}

/// <summary>What happens to local times that are left out when clocks are put forward.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<DstGap>))]
public enum DstGap
{
    /// <summary>They are made up for, once, by the first instant after the gap.</summary>
    Shift,

    /// <summary>They don't fire that day.</summary>
    Skip,
}

/// <summary>What happens to local times that come twice when clocks are put back.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<DstOverlap>))]
public enum DstOverlap
{
    /// <summary>Fixed times fire at the first of the two instants; a schedule with a <c>*</c>, range or step in a time field goes on through both.</summary>
    Auto,

    First,

    Second,

    Both,
}

/// <summary>What becomes of a script's standard error in its log.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<StderrMode>))]
public enum StderrMode
{
    /// <summary>It shares one pipe with standard output: the order of both is exact, and the log's bytes are the script's.</summary>
    Merged,

    /// <summary>It has a pipe of its own, and what came by it stands between <c>ESC[31m</c> and <c>ESC[39m</c>, line by line. Between the streams, the order is that of reading.</summary>
    Marked,
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Dcron.Api.Json;
using Dcron.Api.Workers;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>A job as clients see it: its spec, flat, and what dcron knows of it.</summary>
internal record JobSpecView
{
    public required string Time { get; init; }

    public required string ScriptType { get; init; }

    public required string ScriptLocation { get; init; }

    public required string? Name { get; init; }

    public required string Timezone { get; init; }

    public required IReadOnlyList<string> Args { get; init; }

    public required IReadOnlyDictionary<string, EnvValue> Env { get; init; }

    public required double? TimeoutSeconds { get; init; }

    public required string OverlapPolicy { get; init; }

    public required string MisfirePolicy { get; init; }

    public required double? StartingDeadlineSeconds { get; init; }

    /// <summary>Null unless the overlap policy is queue.</summary>
    public required int? QueueLimit { get; init; }

    public required RetryView? Retries { get; init; }

    public required double? JitterSeconds { get; init; }

    public required string DstGap { get; init; }

    public required string DstOverlap { get; init; }

    public required DateTimeOffset? StartsAt { get; init; }

    public required DateTimeOffset? EndsAt { get; init; }

    public required bool Enabled { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required IReadOnlyDictionary<string, string> WorkerSelector { get; init; }

    public required string Namespace { get; init; }

    /// <summary>What the script may use at most; null leaves it to the worker.</summary>
    public required LimitsView? Limits { get; init; }

    /// <summary>Whether the script has a network; null leaves it to the worker.</summary>
    public required bool? Network { get; init; }

    public required string Stderr { get; init; }

    public static JobSpecView Of(JobSpec spec) => new()
    {
        Time = spec.Time,
        ScriptType = spec.ScriptType,
        ScriptLocation = spec.ScriptLocation,
        Name = spec.Name,
        Timezone = spec.Timezone,
        Args = spec.Args,
        Env = EnvValue.Of(spec),
        TimeoutSeconds = spec.TimeoutSeconds,
        OverlapPolicy = Words.Of(spec.OverlapPolicy),
        MisfirePolicy = Words.Of(spec.MisfirePolicy),
        StartingDeadlineSeconds = spec.StartingDeadlineSeconds,
        QueueLimit = spec.OverlapPolicy == Grains.Jobs.OverlapPolicy.Queue ? spec.QueueLimit ?? JobSpec.DefaultQueueLimit : spec.QueueLimit,
        Retries = spec.Retries is { } retries ? RetryView.Of(retries) : null,
        JitterSeconds = spec.JitterSeconds,
        DstGap = Words.Of(spec.DstGap),
        DstOverlap = Words.Of(spec.DstOverlap),
        StartsAt = spec.StartsAt,
        EndsAt = spec.EndsAt,
        Enabled = spec.Enabled,
        Labels = spec.Labels,
        WorkerSelector = spec.WorkerSelector,
        Namespace = spec.InNamespace,
        Limits = LimitsView.Of(spec.Limits),
        Network = spec.Network,
        Stderr = Words.Of(spec.Stderr),
    };
}

/// <summary>When an execution is tried again.</summary>
internal sealed record RetryView
{
    public required int Count { get; init; }

    public required string Backoff { get; init; }

    public required double DelaySeconds { get; init; }

    public required double MaxDelaySeconds { get; init; }

    public required double Jitter { get; init; }

    public required IReadOnlyList<int> OnExitCodes { get; init; }

    public required IReadOnlyList<string> On { get; init; }

    public static RetryView Of(RetryPolicy policy) => new()
    {
        Count = policy.Count,
        Backoff = Words.Of(policy.Backoff),
        DelaySeconds = policy.DelaySeconds,
        MaxDelaySeconds = policy.MaxDelaySeconds,
        Jitter = policy.Jitter,
        OnExitCodes = policy.OnExitCodes,
        On = [.. (policy.On ?? RetryPolicy.DefaultOn).Select(Words.Of)],
    };
}

internal sealed record JobView : JobSpecView
{
    [JsonConstructor]
    public JobView()
    {
    }

    [SetsRequiredMembers]
    public JobView(JobDocument job, string description, IReadOnlyList<DateTimeOffset> nextFireTimes)
        : base(Of(job.Spec))
    {
        (JobId, Version, CreatedAt, UpdatedAt) = (job.JobId.Value, job.Version, job.CreatedAt, job.UpdatedAt);
        (PlannedUpTo, Description, NextFireTimes) = (job.PlannedUpTo, description, nextFireTimes);
    }

    public required string JobId { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Every fire time up to here is decided.</summary>
    public required DateTimeOffset PlannedUpTo { get; init; }

    /// <summary>The schedule in words.</summary>
    public required string Description { get; init; }

    /// <summary>The next five; none while the job is paused.</summary>
    public required IReadOnlyList<DateTimeOffset> NextFireTimes { get; init; }
}

/// <summary>One version of a job's spec.</summary>
internal sealed record JobVersionView : JobSpecView
{
    [JsonConstructor]
    public JobVersionView()
    {
    }

    [SetsRequiredMembers]
    public JobVersionView(JobVersionDocument version)
        : base(Of(version.Spec))
    {
        (JobId, Version, EffectiveAt) = (version.JobId.Value, version.Version, version.EffectiveAt);
    }

    public required string JobId { get; init; }

    public required int Version { get; init; }

    /// <summary>From when this version counted.</summary>
    public required DateTimeOffset EffectiveAt { get; init; }
}

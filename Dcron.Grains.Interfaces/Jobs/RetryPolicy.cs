using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs;

/// <summary>When an execution that did not succeed is tried again. Each attempt is an execution of its own, with its own log.</summary>
[GenerateSerializer, Immutable, Alias("dcron.retry-policy")]
public sealed record RetryPolicy
{
    /// <summary>The results that are retried unless <see cref="On"/> says otherwise.</summary>
    public static readonly IReadOnlyList<ExecutionResult> DefaultOn = [ExecutionResult.Failed, ExecutionResult.TimedOut, ExecutionResult.Lost];

    /// <summary>Attempts after the first. 1 to 100.</summary>
    [Id(0)]
    public required int Count { get; init; }

    [Id(1)]
    public RetryBackoff Backoff { get; init; } = RetryBackoff.Exponential;

    /// <summary>Seconds from the end of the first attempt to the start of the second. 1 to 86,400.</summary>
    [Id(2)]
    public double DelaySeconds { get; init; } = 10;

    /// <summary>Longest delay. At least <see cref="DelaySeconds"/>, at most 604,800 (7 days).</summary>
    [Id(3)]
    public double MaxDelaySeconds { get; init; } = 3600;

    /// <summary>Part of each delay, 0 to 1, that may be added to it. How much depends on the attempt's name alone.</summary>
    [Id(4)]
    public double Jitter { get; init; }

    /// <summary>Exit statuses that are retried, 1 to 255; empty for all. Other failures are then not retried.</summary>
    [Id(5)]
    public IReadOnlyList<int> OnExitCodes { get; init; } = [];

    /// <summary>Results that are retried; null for <see cref="DefaultOn"/>.</summary>
    [Id(6)]
    public IReadOnlyList<ExecutionResult>? On { get; init; }
}

/// <summary>How delays grow.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<RetryBackoff>))]
public enum RetryBackoff
{
    /// <summary>Twice as long after each attempt.</summary>
    Exponential,

    /// <summary>Always the same.</summary>
    Fixed,
}

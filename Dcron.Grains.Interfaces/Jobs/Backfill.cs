using System.Text.Json.Serialization;

namespace Dcron.Grains.Jobs;

/// <summary>A period whose fire times are run after the fact, by the job's present spec.</summary>
[GenerateSerializer, Immutable, Alias("dcron.backfill")]
public sealed record Backfill
{
    /// <summary>The most fire times of one backfill.</summary>
    public const int MostInstants = 10_000;

    /// <summary>Counts the job's backfills, from 1; names its executions (<c>.b1</c>).</summary>
    [Id(0)]
    public required int Number { get; init; }

    /// <summary>First fire time that belongs to it, at the earliest.</summary>
    [Id(1)]
    public required DateTimeOffset From { get; init; }

    /// <summary>Fire times before this instant belong to it.</summary>
    [Id(2)]
    public required DateTimeOffset To { get; init; }

    /// <summary>Every fire time before this instant is decided: launched, or left out since it has succeeded.</summary>
    [Id(3)]
    public required DateTimeOffset DecidedUpTo { get; init; }

    /// <summary>How many of its executions may be open at once.</summary>
    [Id(4)]
    public int MaxConcurrent { get; init; } = 1;

    [Id(5)]
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Hash of the idempotency key that asked for it; null when there was none.</summary>
    [Id(6)]
    public string? KeyHash { get; init; }

    /// <summary>How many fire times it launched.</summary>
    [Id(7)]
    public int Launched { get; init; }

    /// <summary>How many it left out, since they had succeeded or were under way.</summary>
    [Id(8)]
    public int LeftOut { get; init; }

    /// <summary>When the last fire time was decided, or it was cancelled; null while it goes on.</summary>
    [Id(9)]
    public DateTimeOffset? EndedAt { get; init; }

    [Id(10), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Cancelled { get; init; }
}

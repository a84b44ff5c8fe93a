using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>The body of a backfill, for the API's description and for the audit.</summary>
internal sealed record BackfillRequestView(DateTimeOffset From, DateTimeOffset To, int? MaxConcurrent, bool? DryRun)
{
    public static BackfillRequestView Of(RequestBackfill asked) => new(asked.From, asked.To, asked.MaxConcurrent, asked.DryRun);
}

/// <summary>What a backfill does, or would.</summary>
/// <param name="Backfill">What was begun; null for a dry run.</param>
/// <param name="Total">How many will run.</param>
/// <param name="FireTimes">What will run.</param>
/// <param name="LeftOut">What has succeeded already, or is queued or running.</param>
internal sealed record BackfillPlanView(BackfillView? Backfill, int Total, IReadOnlyList<DateTimeOffset> FireTimes, IReadOnlyList<DateTimeOffset> LeftOut)
{
    public static BackfillPlanView Of(BackfillAnswer.Planned planned) =>
        new(planned.Backfill is { } backfill ? BackfillView.Of(backfill) : null, planned.FireTimes.Count, planned.FireTimes, planned.LeftOut);
}

/// <summary>A backfill and how far it is.</summary>
internal sealed record BackfillView
{
    public required int Number { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    /// <summary>running, ended or cancelled.</summary>
    public required string State { get; init; }

    public required DateTimeOffset DecidedUpTo { get; init; }

    public required int Launched { get; init; }

    /// <summary>How many had succeeded already, or were under way.</summary>
    public required int LeftOutCount { get; init; }

    public required int MaxConcurrent { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    public static BackfillView Of(Backfill backfill) => new()
    {
        Number = backfill.Number,
        From = backfill.From,
        To = backfill.To,
        State = backfill.Cancelled ? "cancelled" : backfill.EndedAt is null ? "running" : "ended",
        DecidedUpTo = backfill.DecidedUpTo,
        Launched = backfill.Launched,
        LeftOutCount = backfill.LeftOut,
        MaxConcurrent = backfill.MaxConcurrent,
        RequestedAt = backfill.RequestedAt,
        EndedAt = backfill.EndedAt,
    };
}

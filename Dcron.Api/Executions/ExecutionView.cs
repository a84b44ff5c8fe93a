using Dcron.Api.Json;
using Dcron.Api.Workers;
using Dcron.Grains.Access;
using Dcron.Grains.Executions;

namespace Dcron.Api.Executions;

/// <summary>An execution as clients see it. Every field is always there, null where it has no value.</summary>
internal sealed record ExecutionView
{
    public required string ExecutionId { get; init; }

    public required string JobId { get; init; }

    /// <summary>The nominal fire time.</summary>
    public required DateTimeOffset ExecutionDate { get; init; }

    public required string ExecutionResult { get; init; }

    public required int? ExitStatus { get; init; }

    public required string? Signal { get; init; }

    public required string? Reason { get; init; }

    public required string? LogsPath { get; init; }

    public required long? LogBytes { get; init; }

    public required string? WorkerId { get; init; }

    public required int Attempt { get; init; }

    public required string Trigger { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? FinishedAt { get; init; }

    public required string? ScriptSha256 { get; init; }

    /// <summary>Version of the job's spec that it was planned with.</summary>
    public required int? JobVersion { get; init; }

    /// <summary>The fire time with its jitter, or the end of a retry's delay.</summary>
    public required DateTimeOffset DueAt { get; init; }

    public required DateTimeOffset? PlannedAt { get; init; }

    public required DateTimeOffset? ClaimedAt { get; init; }

    public required DateTimeOffset? UploadedAt { get; init; }

    /// <summary>The offers in their order; the last one is the worker that took it.</summary>
    public required IReadOnlyList<OfferView> Offers { get; init; }

    /// <summary>Earlier offers that are not kept.</summary>
    public required int OffersLeftOut { get; init; }

    public required string? RerunOf { get; init; }

    /// <summary>Only where one execution is asked for.</summary>
    public required IReadOnlyList<string>? Args { get; init; }

    public required ProvenanceView? Provenance { get; init; }

    public required LateView? LateResult { get; init; }

    public required string Namespace { get; init; }

    /// <summary>How it was contained; null before it was started.</summary>
    public required ExecutionContainmentView? Containment { get; init; }

    /// <summary>What it used; null until it has ended.</summary>
    public required ExecutionUseView? Use { get; init; }

    public static ExecutionView Of(ExecutionDocument execution) => new()
    {
        ExecutionId = execution.ExecutionId.ToString(),
        JobId = execution.JobId.Value,
        ExecutionDate = execution.ExecutionDate,
        ExecutionResult = Words.Of(execution.ExecutionResult),
        ExitStatus = execution.ExitStatus,
        Signal = execution.Signal,
        Reason = execution.Reason,
        LogsPath = execution.LogsPath,
        LogBytes = execution.LogBytes,
        WorkerId = execution.WorkerId,
        Attempt = execution.Attempt,
        Trigger = Words.Of(execution.Trigger),
        StartedAt = execution.StartedAt,
        FinishedAt = execution.FinishedAt,
        ScriptSha256 = execution.ScriptSha256,
        JobVersion = execution.JobVersion,
        DueAt = execution.DueAt ?? execution.ExecutionDate,
        PlannedAt = execution.PlannedAt,
        ClaimedAt = execution.ClaimedAt,
        UploadedAt = execution.UploadedAt,
        Offers = OfferView.Of(execution),
        OffersLeftOut = execution.OffersLeftOut ?? 0,
        RerunOf = execution.RerunOf?.ToString(),
        Args = null,
        Provenance = execution.Provenance is { } provenance ? ProvenanceView.Of(provenance) : null,
        LateResult = execution.Late is { } late ? LateView.Of(late) : null,
        Namespace = Namespaces.FromStored(execution.Namespace),
        Containment = ExecutionContainmentView.Of(execution.Containment),
        Use = ExecutionUseView.Of(execution.Use),
    };
}

/// <summary>Answer to a run that was asked for.</summary>
internal sealed record StartedView(string ExecutionId, string JobId);

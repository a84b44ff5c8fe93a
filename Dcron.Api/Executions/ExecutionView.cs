using Dcron.Api.Json;
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
    };
}

/// <summary>Answer to a run that was asked for.</summary>
internal sealed record StartedView(string ExecutionId, string JobId);

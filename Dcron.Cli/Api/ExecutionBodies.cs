using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Cli.Api;

internal sealed record ExecutionBody
{
    public string ExecutionId { get; set; } = "";

    public string JobId { get; set; } = "";

    public DateTimeOffset ExecutionDate { get; set; }

    public string ExecutionResult { get; set; } = "";

    public int? ExitStatus { get; set; }

    /// <summary>A name or a number.</summary>
    public JsonElement? Signal { get; set; }

    public string? Reason { get; set; }

    public string? LogsPath { get; set; }

    public long? LogBytes { get; set; }

    public string? WorkerId { get; set; }

    public int Attempt { get; set; } = 1;

    public string? Trigger { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public string? ScriptSha256 { get; set; }

    public int? JobVersion { get; set; }

    public DateTimeOffset? DueAt { get; set; }

    public DateTimeOffset? PlannedAt { get; set; }

    public DateTimeOffset? ClaimedAt { get; set; }

    public DateTimeOffset? UploadedAt { get; set; }

    public IReadOnlyList<OfferBody> Offers { get; set; } = [];

    public int OffersLeftOut { get; set; }

    public string? RerunOf { get; set; }

    /// <summary>Only where one execution was asked for.</summary>
    public IReadOnlyList<string>? Args { get; set; }

    public ProvenanceBody? Provenance { get; set; }

    public LateBody? LateResult { get; set; }

    public ContainmentBody? Containment { get; set; }

    public UseBody? Use { get; set; }

    [JsonIgnore]
    public bool IsFinal => ExecutionResult is not ("queued" or "running");
}

internal sealed record OfferBody
{
    public string WorkerId { get; set; } = "";

    public string Answer { get; set; } = "";

    public string? Reason { get; set; }

    public string? Detail { get; set; }

    public double? Milliseconds { get; set; }
}

internal sealed record ProvenanceBody
{
    public string? InterpreterVersion { get; set; }

    public string? InterpreterPath { get; set; }

    public string? EnvironmentSha256 { get; set; }

    public string? Host { get; set; }

    public string? NodeVersion { get; set; }

    public string? TzVersion { get; set; }
}

internal sealed record LateBody
{
    public string ExecutionResult { get; set; } = "";

    public int? ExitStatus { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public DateTimeOffset ToldAt { get; set; }
}

/// <summary>How a worker contains scripts, or an execution was contained.</summary>
internal sealed record ContainmentBody
{
    public string Sandbox { get; set; } = "";

    public string? SandboxReason { get; set; }

    public string User { get; set; } = "";

    public long? UserId { get; set; }

    public bool Network { get; set; }

    public string LimitsBy { get; set; } = "";

    public LimitsBody? Limits { get; set; }
}

internal sealed record UseBody
{
    public double CpuSeconds { get; set; }

    public long? MemoryPeakBytes { get; set; }
}

internal sealed record LogLinkBody
{
    public string Url { get; set; } = "";
}

/// <summary>A piece of a log in an event stream.</summary>
internal sealed record LogPieceBody
{
    /// <summary>Position of its first byte in the log.</summary>
    public long Offset { get; set; }

    public string Text { get; set; } = "";
}

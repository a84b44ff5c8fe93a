using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Access;
using Dcron.Grains.Jobs;
using Dcron.Storage.Objects;

namespace Dcron.Api.Audit;

/// <summary>What is changed.</summary>
/// <param name="Text">Kind and id, such as <c>job:01k8…</c>.</param>
/// <param name="Namespace">Whose it is; null where it is the cluster's.</param>
internal sealed record AuditTarget(string Text, string? Namespace)
{
    public static AuditTarget Job(JobId id, string inNamespace) => new($"job:{id}", inNamespace);

    public static AuditTarget Key(string id) => new($"key:{id}", null);

    public static AuditTarget Secret(string inNamespace, string name) => new($"secret:{inNamespace}/{name}", inNamespace);

    /// <summary>A script is of no namespace: whoever knows its location can run it, so that only who sees all is shown that.</summary>
    public static AuditTarget Script(ObjectLocation location) => new($"script:{location}", null);

    public static AuditTarget Worker(string id) => new($"worker:{id}", null);
}

/// <summary>
/// Who changes what: written before the change, and never changed itself. A change that was begun and of which nobody knows how it ended has a
/// record and no outcome.
/// </summary>
internal sealed record AuditRecord
{
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    public required string AuditId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The call's name in snake_case, such as <c>create_job</c>.</summary>
    public required string Action { get; init; }

    public required string Target { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Namespace { get; init; }

    /// <summary>Stable name of the credential.</summary>
    public required string ActorId { get; init; }

    public required string Actor { get; init; }

    /// <summary>The address that the call came from.</summary>
    public required string Address { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Before { get; init; }

    /// <summary>What is asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? After { get; init; }
}

/// <summary>How it ended, in a document of its own.</summary>
internal sealed record AuditOutcome
{
    public int Schema { get; init; } = AuditRecord.CurrentSchema;

    public required string AuditId { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>The HTTP status that was answered.</summary>
    public required int Status { get; init; }
}

/// <summary>A record with its outcome, as clients see it.</summary>
/// <param name="Outcome"><c>done</c>, <c>refused</c>, or <c>unknown</c> when nobody lived to say.</param>
internal sealed record AuditView(
    string AuditId,
    DateTimeOffset At,
    string Action,
    string Target,
    string? Namespace,
    string ActorId,
    string Actor,
    string Address,
    string Outcome,
    JsonElement? Before,
    JsonElement? After)
{
    public static AuditView Of(AuditRecord record, AuditOutcome? outcome) => new(
        record.AuditId, record.At, record.Action, record.Target, record.Namespace, record.ActorId, record.Actor, record.Address,
        outcome switch { { Status: < 400 } => "done", { Status: < 500 } => "refused", _ => "unknown" }, record.Before, record.After);
}

/// <summary>What the audit says of a key.</summary>
internal sealed record AuditedKey(string Name, string Role, IReadOnlyList<string> Namespaces, DateTimeOffset? ExpiresAt);

/// <summary>What the audit says of a secret: never its value.</summary>
internal sealed record AuditedSecret(int? Version);

/// <summary>What the audit says of a worker.</summary>
internal sealed record AuditedWorker(string State);

using System.Text.Json;

namespace Dcron.Cli.Api;

internal sealed record KeyBody
{
    public string KeyId { get; set; } = "";

    public string Name { get; set; } = "";

    public string Role { get; set; } = "";

    /// <summary>The secret; only in the answer to its creation.</summary>
    public string? Key { get; set; }

    public DateTimeOffset? CreatedAt { get; set; }

    public IReadOnlyList<string> Namespaces { get; set; } = [];

    public DateTimeOffset? ExpiresAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }

    public string? LastUsedFrom { get; set; }
}

/// <summary>A secret; the server never tells its value.</summary>
internal sealed record SecretBody
{
    public string Name { get; set; } = "";

    public string Namespace { get; set; } = "";

    public int Version { get; set; }

    public string KeyId { get; set; } = "";

    public DateTimeOffset? UpdatedAt { get; set; }

    public string? UpdatedBy { get; set; }
}

internal sealed record ResealBody
{
    public int Resealed { get; set; }

    public IReadOnlyList<string> Unreadable { get; set; } = [];
}

internal sealed record AuditBody
{
    public DateTimeOffset? At { get; set; }

    public string Action { get; set; } = "";

    public string Target { get; set; } = "";

    public string ActorId { get; set; } = "";

    public string Actor { get; set; } = "";

    public string Address { get; set; } = "";

    public string Outcome { get; set; } = "";

    public JsonElement? Before { get; set; }

    public JsonElement? After { get; set; }
}

namespace Dcron.Api.Keys;

/// <summary>An API key as it is stored: its secret as a hash only.</summary>
internal sealed record KeyDocument
{
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    public required string KeyId { get; init; }

    public required string Name { get; init; }

    /// <summary>A word of <see cref="Access.Role"/>.</summary>
    public required string Role { get; init; }

    /// <summary>SHA-256 of the secret, lower case hex. The secret has 256 random bits, so that a slow hash would add nothing.</summary>
    public required string SecretSha256 { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The namespaces that it is limited to; null for all, as of keys from before there were namespaces.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }

    /// <summary>When it stops to count; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>The last use of a key, as far as it was written: at most once a minute.</summary>
internal sealed record KeyUse(DateTimeOffset At, string From);

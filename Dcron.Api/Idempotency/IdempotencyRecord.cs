namespace Dcron.Api.Idempotency;

/// <summary>What became of a request that came with an <c>Idempotency-Key</c>. Its id is a hash of caller and key.</summary>
internal sealed record IdempotencyRecord
{
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    /// <summary>Hash of method, address and body: the same key with another request is refused.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The id for whatever the request creates, chosen before it is created: a repeat after a crash goes on with it.</summary>
    public required string ReservedId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>While there is no answer: until then whoever wrote this is taken to be at work.</summary>
    public required DateTimeOffset LeasedUntil { get; init; }

    /// <summary>The <see cref="SealedAnswer"/>, encrypted; null until it is known.</summary>
    public byte[]? Answer { get; init; }
}

/// <summary>An answer as it can be given again.</summary>
internal sealed record SealedAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body);

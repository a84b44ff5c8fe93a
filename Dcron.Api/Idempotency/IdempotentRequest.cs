namespace Dcron.Api.Idempotency;

/// <summary>What a handler needs to know of the <c>Idempotency-Key</c> that its request came with.</summary>
/// <param name="KeyHash">Names caller and key.</param>
/// <param name="ReservedId">The id to create things under.</param>
/// <param name="Resumed">True when an earlier request with this key began and never answered: what it was to create may exist.</param>
internal sealed record IdempotentRequest(string KeyHash, string ReservedId, bool Resumed)
{
    /// <summary>
    /// Set by a handler whose refusal is to be kept like an answer: an earlier request with this key did change something, and a repeat must not begin anew
    /// because the key was forgotten.
    /// </summary>
    public bool KeepsRefusal { get; set; }

    public static IdempotentRequest? Of(HttpContext context) => context.Features.Get<IdempotentRequest>();
}

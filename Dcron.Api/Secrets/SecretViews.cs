using Dcron.Grains.Secrets;

namespace Dcron.Api.Secrets;

/// <summary>A secret as clients see it: never its value.</summary>
/// <param name="Version">Counts the values that it had, from 1.</param>
/// <param name="KeyId">The key that it is sealed with.</param>
internal sealed record SecretView(string Name, string Namespace, int Version, string KeyId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string UpdatedBy)
{
    public static SecretView Of(SecretDocument secret) =>
        new(secret.Name, secret.Namespace, secret.Version, secret.KeyId, secret.CreatedAt, secret.UpdatedAt, secret.UpdatedBy);
}

/// <summary>The body of <c>PUT /secrets/{name}</c>: one of the two.</summary>
/// <param name="Value">The value as a text.</param>
/// <param name="ValueBase64">The value's bytes in base64.</param>
internal sealed record SecretRequest(string? Value, string? ValueBase64);

/// <summary>What sealing anew came to.</summary>
/// <param name="Resealed">How many secrets were sealed with the first key.</param>
/// <param name="Unreadable">Those that no key in this node's ring opens.</param>
internal sealed record ResealView(int Resealed, IReadOnlyList<string> Unreadable);

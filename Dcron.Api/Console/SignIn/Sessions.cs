using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Api.Keys;
using Dcron.Storage.Documents;

namespace Dcron.Api.Console.SignIn;

/// <summary>A browser that is signed in, as it is stored: its token as a hash only, and no key.</summary>
/// <param name="KeyId">The key that it signed in with; the session ends with the key.</param>
/// <param name="KeyProof">The key as the token seals it, so that a changed admin key ends its sessions and a thief of this document learns nothing.</param>
internal sealed record SessionDocument(string KeyId, string KeyProof, DateTimeOffset ExpiresAt)
{
    public int Schema { get; init; } = 1;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Json.UtcTimeConverter)])]
[JsonSerializable(typeof(SessionDocument))]
internal sealed partial class SessionJson : JsonSerializerContext;

/// <summary>
/// The browsers that are signed in: a random token in a cookie, its hash in the document store, so that every server of the cluster knows every session and
/// nobody who reads the store can be one of them.
/// </summary>
internal sealed class Sessions(IDocumentStore store, ApiKeys keys, TimeProvider time)
{
    public const string Collection = "console_sessions";
    public const string Cookie = "dcron_session";

    /// <summary>A working day, and some more.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private const string ByExpiry = "by_expiry";
    private const int TokenBytes = 32;
    private const int RemovedAtOnce = 100;
    private static readonly CollectionDefinition Definition = new(Collection, [new IndexDefinition(ByExpiry, "expires_at")]);

    /// <returns>The token for the cookie; null when the key is not known.</returns>
    public async ValueTask<string?> SignInAsync(string presented, CancellationToken cancellationToken)
    {
        if (await keys.FindAsync(presented, cancellationToken) is not { HasExpired: false } key)
            return null;

        await store.EnsureCollectionAsync(Definition, cancellationToken);
        await RemoveExpiredAsync(cancellationToken);
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var session = new SessionDocument(key.Id, ProofOf(token, keys.FingerprintOf(presented)), time.GetUtcNow() + Lifetime);
        await store.WriteAsync(
            Collection, new DocumentWrite.Create(IdOf(token), JsonSerializer.SerializeToUtf8Bytes(session, SessionJson.Default.SessionDocument)), cancellationToken);
        return token;
    }

    /// <returns>The key that the session was begun with; null when there is no such session any more, or no such key.</returns>
    public async ValueTask<KnownKey?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length != 2 * TokenBytes)
            return null;

        // Read at every call, as keys are: what was revoked or signed out elsewhere counts at once.
        return await ReadAsync(IdOf(token), token, time.GetUtcNow(), cancellationToken);
    }

    public async ValueTask SignOutAsync(string token, CancellationToken cancellationToken)
    {
        var id = IdOf(token);
        if (await store.GetAsync(Collection, id, cancellationToken) is { } document)
            await store.WriteAsync(Collection, new DocumentWrite.Delete(id, document.Revision), cancellationToken);
    }

    private async ValueTask<KnownKey?> ReadAsync(string id, string token, DateTimeOffset now, CancellationToken cancellationToken) =>
        await store.GetAsync(Collection, id, cancellationToken) is { } document
            && JsonSerializer.Deserialize(document.Body.Span, SessionJson.Default.SessionDocument) is { } session
            && session.ExpiresAt > now
            && await keys.FindByIdAsync(session.KeyId, cancellationToken) is { Key.HasExpired: false } found
            && KeyText.SameText(ProofOf(token, found.Fingerprint), session.KeyProof)
                ? found.Key
                : null;

    private async ValueTask RemoveExpiredAsync(CancellationToken cancellationToken)
    {
        var query = new IndexQuery(ByExpiry) { To = Dcron.Grains.Json.UtcTime.ToText(time.GetUtcNow()), Limit = RemovedAtOnce };
        var expired = await store.QueryAsync(Collection, query, cancellationToken);
        if (expired.Rows.Count > 0)
            await store.WriteManyAsync(Collection, [.. expired.Rows.Select(row => new DocumentWrite.Delete(row.Id, row.Document!.Revision))], cancellationToken);
    }

    private static string IdOf(string token) => KeyText.Sha256(token);

    private static string ProofOf(string token, string fingerprint) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.ASCII.GetBytes(token), Encoding.ASCII.GetBytes(fingerprint)));
}

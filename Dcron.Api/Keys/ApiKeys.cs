using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Keys;

/// <summary>A key that was presented and is known.</summary>
internal sealed record KnownKey(string Id, string Name, Role Role, NamespaceScope Scope, DateTimeOffset? ExpiresAt, bool HasExpired);

/// <summary>
/// The API keys: the configured admin key and the stored ones. A stored key is read at every call, which costs one look by id: so a key that was revoked
/// on any server is worthless for every call that begins afterwards, on all of them.
/// </summary>
internal sealed partial class ApiKeys(IDocumentStore store, IOptions<ApiOptions> options, TimeProvider time, ILogger<ApiKeys> logger)
{
    public const string Collection = "api_keys";

    /// <summary>When each key was used last; apart from the keys, so that using one never stands in the way of revoking it.</summary>
    public const string Uses = "api_key_uses";

    /// <summary>Stands for the configured admin key where ids stand.</summary>
    public const string ConfiguredId = "configured";

    /// <summary>How often a use is written.</summary>
    public static readonly TimeSpan UseInterval = TimeSpan.FromMinutes(1);

    private const string ByCreation = "by_creation";
    private const int MostUses = 10_000;
    private const int MostKeys = 10_000;
    private static readonly CollectionDefinition Definition = new(Collection, [new IndexDefinition(ByCreation, "created_at")]);
    private static readonly CollectionDefinition UsesDefinition = new(Uses, []);
    private static readonly KnownKey Configured = new(ConfiguredId, "the configured admin key", Role.Admin, NamespaceScope.All, null, false);

    private readonly string? _adminKeyHash = options.Value.AdminKey is { } key ? KeyText.Sha256(key) : null;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);

    /// <summary>Whether this is the configured admin key.</summary>
    public bool IsConfigured(string presented) => _adminKeyHash is not null && KeyText.SameText(KeyText.Sha256(presented), _adminKeyHash);

    /// <returns>Null for a key that does not exist.</returns>
    public async ValueTask<KnownKey?> FindAsync(string presented, CancellationToken cancellationToken)
    {
        if (IsConfigured(presented))
            return Configured;

        return KeyText.TryParse(presented, out var text)
            && await GetAsync(text.Id, cancellationToken) is { } key
            && text.Matches(key.SecretSha256)
            && Words.TryParse<Role>(key.Role, out var role)
                ? KnownOf(key, role)
                : null;
    }

    /// <summary>What tells two keys apart that have the same id: the configured key can be changed.</summary>
    public string FingerprintOf(string presented) => KeyText.TryParse(presented, out var text) && !IsConfigured(presented) ? text.SecretSha256() : KeyText.Sha256(presented);

    /// <summary>A key by its id, for whoever signed in with it before.</summary>
    /// <returns>The key and its <see cref="FingerprintOf"/>; null when it was revoked.</returns>
    public async ValueTask<(KnownKey Key, string Fingerprint)?> FindByIdAsync(string id, CancellationToken cancellationToken)
    {
        if (id == ConfiguredId)
            return _adminKeyHash is null ? null : (Configured, _adminKeyHash);

        return await GetAsync(id, cancellationToken) is { } key && Words.TryParse<Role>(key.Role, out var role) ? (KnownOf(key, role), key.SecretSha256) : null;
    }

    public async ValueTask<bool> ExistsAsync(string id, CancellationToken cancellationToken) => await GetAsync(id, cancellationToken) is not null;

    /// <summary>Stores a new key. Its id may be chosen before, so that a repeat after a crash replaces the key that nobody was shown.</summary>
    public async ValueTask<(KeyDocument Key, KeyText Text)> CreateAsync(
        string id, string name, Role role, NamespaceScope scope, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        await store.EnsureCollectionAsync(Definition, cancellationToken);
        var text = KeyText.New(id);
        var key = new KeyDocument
        {
            KeyId = id,
            Name = name,
            Role = Words.Of(role),
            SecretSha256 = text.SecretSha256(),
            CreatedAt = time.GetUtcNow(),
            Namespaces = scope.Names,
            ExpiresAt = expiresAt,
        };
        var body = JsonSerializer.SerializeToUtf8Bytes(key, ApiJson.Shared.KeyDocument);
        while (true)
        {
            var existing = await store.GetAsync(Collection, id, cancellationToken);
            DocumentWrite write = existing is null ? new DocumentWrite.Create(id, body) : new DocumentWrite.Replace(id, existing.Revision, body);
            if (await store.WriteAsync(Collection, write, cancellationToken) is WriteResult.Written)
                return (key, text);
        }
    }

    public async ValueTask<KeyDocument?> GetAsync(string id, CancellationToken cancellationToken) =>
        KeyText.IsId(id) && await store.GetAsync(Collection, id, cancellationToken) is { } document ? Read(document) : null;

    /// <returns>False when there is no such key.</returns>
    public async ValueTask<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        while (KeyText.IsId(id) && await store.GetAsync(Collection, id, cancellationToken) is { } document)
        {
            if (await store.WriteAsync(Collection, new DocumentWrite.Delete(id, document.Revision), cancellationToken) is WriteResult.Written)
                return true;
        }

        return false;
    }

    /// <summary>All stored keys, oldest first, each with its last use where there was one.</summary>
    public async ValueTask<IReadOnlyList<(KeyDocument Key, KeyUse? Use)>> ListAsync(CancellationToken cancellationToken)
    {
        var page = await store.QueryAsync(Collection, new IndexQuery(ByCreation) { Limit = MostKeys }, cancellationToken);
        var keys = page.Rows.Select(row => Read(row.Document!)).ToList();
        var uses = await store.GetManyAsync(Uses, keys.ConvertAll(key => key.KeyId), cancellationToken);
        return [.. keys.Zip(uses, (key, use) => (key, use is null ? null : JsonSerializer.Deserialize(use.Body.Span, ApiJson.Shared.KeyUse)))];
    }

    public async ValueTask<bool> AnyAdminAsync(CancellationToken cancellationToken) =>
        (await store.QueryAsync(Collection, new IndexQuery(ByCreation) { Limit = MostKeys }, cancellationToken)).Rows
            .Select(row => Read(row.Document!)).Any(key => key.Role == Words.Of(Role.Admin));

    /// <summary>Remembers that a key was used; nobody waits for it.</summary>
    public void Used(KnownKey key, IPAddress? from)
    {
        var now = time.GetUtcNow();
        if (key.Id == ConfiguredId || (_uses.TryGetValue(key.Id, out var last) && now - last < UseInterval))
            return;

        if (_uses.Count >= MostUses)
            _uses.Clear();
        _uses[key.Id] = now;
        _ = WriteUseAsync(key.Id, new KeyUse(now, from?.ToString() ?? "unknown"));
    }

    private async Task WriteUseAsync(string id, KeyUse use)
    {
        try
        {
            await store.EnsureCollectionAsync(UsesDefinition);
            var body = JsonSerializer.SerializeToUtf8Bytes(use, ApiJson.Shared.KeyUse);
            var known = await store.GetAsync(Uses, id);
            await store.WriteAsync(Uses, known is null ? new DocumentWrite.Create(id, body) : new DocumentWrite.Replace(id, known.Revision, body));
        }
        catch (DocumentStoreUnavailableException e)
        {
            NotRemembered(logger, id, e.Message);
        }
    }

    private KnownKey KnownOf(KeyDocument key, Role role) =>
        new(key.KeyId, key.Name, role, NamespaceScope.Of(key.Namespaces), key.ExpiresAt, key.ExpiresAt <= time.GetUtcNow());

    private static KeyDocument Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, ApiJson.Shared.KeyDocument) ?? throw new JsonException("an API key's document is null");

    [LoggerMessage(LogLevel.Warning, "That the key {KeyId} was used could not be written down: {Reason}")]
    private static partial void NotRemembered(ILogger logger, string keyId, string reason);
}

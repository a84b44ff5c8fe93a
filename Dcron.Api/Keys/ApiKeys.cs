using System.Collections.Concurrent;
using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Keys;

/// <summary>A key that was presented and is valid.</summary>
internal sealed record KnownKey(string Id, string Name, Role Role);

/// <summary>The API keys: the configured admin key and the stored ones.</summary>
internal sealed class ApiKeys(IDocumentStore store, IOptions<ApiOptions> options, TimeProvider time)
{
    public const string Collection = "api_keys";

    /// <summary>How long another node's revocation may stay unnoticed.</summary>
    public static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(3);

    private const string ByCreation = "by_creation";
    private const int LargestCache = 1000;
    private const int MostKeys = 10_000;
    private static readonly CollectionDefinition Definition = new(Collection, [new IndexDefinition(ByCreation, "created_at")]);

    private readonly string? _adminKeyHash = options.Value.AdminKey is { } key ? KeyText.Sha256(key) : null;
    private readonly ConcurrentDictionary<string, (KeyDocument Key, DateTimeOffset Until)> _cache = new(StringComparer.Ordinal);

    /// <returns>Null for a key that does not exist.</returns>
    public async ValueTask<KnownKey?> FindAsync(string presented, CancellationToken cancellationToken)
    {
        if (_adminKeyHash is not null && KeyText.SameText(KeyText.Sha256(presented), _adminKeyHash))
            return new KnownKey("configured", "the configured admin key", Role.Admin);

        return KeyText.TryParse(presented, out var text)
            && await GetAsync(text.Id, cancellationToken) is { } key
            && text.Matches(key.SecretSha256)
            && Words.TryParse<Role>(key.Role, out var role)
                ? new KnownKey(key.KeyId, key.Name, role)
                : null;
    }

    /// <summary>Stores a new key. Its id may be chosen before, so that a repeat after a crash replaces the key that nobody was shown.</summary>
    public async ValueTask<(KeyDocument Key, KeyText Text)> CreateAsync(string id, string name, Role role, CancellationToken cancellationToken)
    {
        await store.EnsureCollectionAsync(Definition, cancellationToken);
        var text = KeyText.New(id);
        var key = new KeyDocument { KeyId = id, Name = name, Role = Words.Of(role), SecretSha256 = text.SecretSha256(), CreatedAt = time.GetUtcNow() };
        var body = JsonSerializer.SerializeToUtf8Bytes(key, ApiJson.Shared.KeyDocument);
        while (true)
        {
            var existing = await store.GetAsync(Collection, id, cancellationToken);
            DocumentWrite write = existing is null ? new DocumentWrite.Create(id, body) : new DocumentWrite.Replace(id, existing.Revision, body);
            if (await store.WriteAsync(Collection, write, cancellationToken) is WriteResult.Written)
            {
                _cache.TryRemove(id, out _);
                return (key, text);
            }
        }
    }

    /// <returns>False when there is no such key.</returns>
    public async ValueTask<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        while (KeyText.IsId(id) && await store.GetAsync(Collection, id, cancellationToken) is { } document)
        {
            var result = await store.WriteAsync(Collection, new DocumentWrite.Delete(id, document.Revision), cancellationToken);
            _cache.TryRemove(id, out _);
            if (result is WriteResult.Written)
                return true;
        }

        return false;
    }

    /// <summary>All stored keys, oldest first.</summary>
    public async ValueTask<IReadOnlyList<KeyDocument>> ListAsync(CancellationToken cancellationToken)
    {
        var page = await store.QueryAsync(Collection, new IndexQuery(ByCreation) { Limit = MostKeys }, cancellationToken);
        return [.. page.Rows.Select(row => Read(row.Document!))];
    }

    public async ValueTask<bool> AnyAdminAsync(CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).Any(key => key.Role == Words.Of(Role.Admin));

    private async ValueTask<KeyDocument?> GetAsync(string id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_cache.TryGetValue(id, out var cached) && cached.Until > now)
            return cached.Key;

        if (await store.GetAsync(Collection, id, cancellationToken) is not { } document)
        {
            _cache.TryRemove(id, out _);
            return null;
        }

        if (_cache.Count >= LargestCache)
            _cache.Clear();
        var key = Read(document);
        _cache[id] = (key, now + CacheTime);
        return key;
    }

    private static KeyDocument Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, ApiJson.Shared.KeyDocument) ?? throw new JsonException("an API key's document is null");
}

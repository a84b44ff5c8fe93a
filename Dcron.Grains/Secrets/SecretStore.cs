using System.Text.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Secrets;

/// <summary>What became of a new value.</summary>
internal abstract record SecretSetting
{
    private SecretSetting()
    {
    }

    public sealed record Stored(SecretDocument Secret, bool IsNew) : SecretSetting;

    /// <param name="Reason">A sentence that says what to configure.</param>
    public sealed record NoKey(string Reason) : SecretSetting;
}

/// <summary>A value as it was read.</summary>
internal abstract record SecretReading
{
    private SecretReading()
    {
    }

    public sealed record Opened(byte[] Value) : SecretReading;

    public sealed record Missing : SecretReading;

    /// <param name="Reason">What is the matter, without the value and without its full stop.</param>
    public sealed record Unreadable(string Reason) : SecretReading;
}

/// <summary>Secrets: values go in sealed and come out only where a script is launched.</summary>
internal sealed class SecretStore(IDocumentStore store, SecretKeyRing ring, TimeProvider time)
{
    public const string Collection = "secrets";

    /// <summary>Shorter ones could not be kept out of a log without making it unreadable.</summary>
    public const int MinBytes = 4;

    public const int MaxBytes = 32 * 1024;

    private const string ByNamespace = "by_namespace";
    private const int PageSize = 500;

    public static CollectionDefinition Definition { get; } = new(Collection, [new IndexDefinition(ByNamespace, "namespace", "name")]);

    /// <summary>Sets a value; the one before is gone.</summary>
    /// <param name="inNamespace">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value"><see cref="MinBytes"/> to <see cref="MaxBytes"/>.</param>
    /// <param name="by">Who sets it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<SecretSetting> SetAsync(string inNamespace, string name, byte[] value, string by, CancellationToken cancellationToken)
    {
        if (ring.Sealing() is not { } key)
        {
            return new SecretSetting.NoKey(
                "There is no key to seal secrets with. Set Dcron:Secrets:KeyFile to the same file on every node: `echo 2026-11:$(openssl rand -base64 32) > secrets.key` makes one.");
        }

        await store.EnsureCollectionAsync(Definition, cancellationToken);
        var id = SecretDocument.IdOf(inNamespace, name);
        while (true)
        {
            var stored = await store.GetAsync(Collection, id, cancellationToken);
            var before = stored is null ? null : Read(stored);
            var now = time.GetUtcNow();
            var secret = Seal(
                new SecretDocument
                {
                    Namespace = inNamespace, Name = name, Version = (before?.Version ?? 0) + 1, KeyId = key.Id, Sealed = [],
                    CreatedAt = before?.CreatedAt ?? now, UpdatedAt = now, UpdatedBy = by,
                },
                key,
                value);
            DocumentWrite write = stored is null ? new DocumentWrite.Create(id, Write(secret)) : new DocumentWrite.Replace(id, stored.Revision, Write(secret));
            if (await store.WriteAsync(Collection, write, cancellationToken) is WriteResult.Written)
            {
                return new SecretSetting.Stored(secret, before is null);
            }
        }
    }

    public async ValueTask<SecretDocument?> FindAsync(string inNamespace, string name, CancellationToken cancellationToken) =>
        await store.GetAsync(Collection, SecretDocument.IdOf(inNamespace, name), cancellationToken) is { } stored ? Read(stored) : null;

    /// <returns>False when there is none.</returns>
    public async ValueTask<bool> DeleteAsync(string inNamespace, string name, CancellationToken cancellationToken)
    {
        var id = SecretDocument.IdOf(inNamespace, name);
        while (await store.GetAsync(Collection, id, cancellationToken) is { } stored)
        {
            if (await store.WriteAsync(Collection, new DocumentWrite.Delete(id, stored.Revision), cancellationToken) is WriteResult.Written)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>All secrets, or those of one namespace, by namespace and name.</summary>
    public async ValueTask<IReadOnlyList<SecretDocument>> ListAsync(string? inNamespace, CancellationToken cancellationToken)
    {
        var secrets = new List<SecretDocument>();
        var query = (inNamespace is null ? new IndexQuery(ByNamespace) : new IndexQuery(ByNamespace, inNamespace)) with { Limit = PageSize };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(Collection, query with { Cursor = cursor }, cancellationToken);
            secrets.AddRange(page.Rows.Select(row => Read(row.Document!)));
            if ((cursor = page.Next) is null)
            {
                return secrets;
            }
        }
    }

    /// <summary>The values of secrets of one namespace, in the order of their names.</summary>
    public async ValueTask<IReadOnlyList<SecretReading>> OpenAsync(string inNamespace, IReadOnlyList<string> names, CancellationToken cancellationToken = default)
    {
        var documents = await store.GetManyAsync(Collection, [.. names.Select(name => SecretDocument.IdOf(inNamespace, name))], cancellationToken);
        return [.. documents.Select(document => document is null ? new SecretReading.Missing() : Open(Read(document)))];
    }

    /// <summary>Seals everything anew that is not sealed with the first key. Safe to repeat, and to run while secrets are used and set.</summary>
    /// <returns>How many were sealed anew, and the names of those that no key in the ring opens.</returns>
    public async ValueTask<(int Resealed, IReadOnlyList<string> Unreadable)> ResealAsync(CancellationToken cancellationToken)
    {
        var (resealed, unreadable) = (0, new List<string>());
        var key = ring.Sealing();
        foreach (var listed in await ListAsync(null, cancellationToken))
        {
            var id = SecretDocument.IdOf(listed.Namespace, listed.Name);
            if (key is null || listed.KeyId == key.Id || await store.GetAsync(Collection, id, cancellationToken) is not { } stored)
            {
                continue;
            }

            var secret = Read(stored);
            if (Open(secret) is not SecretReading.Opened opened)
            {
                unreadable.Add(id);
                continue;
            }

            // A conflict means that somebody has just set it, with the first key.
            var anew = Write(Seal(secret with { KeyId = key.Id }, key, opened.Value));
            if (await store.WriteAsync(Collection, new DocumentWrite.Replace(id, stored.Revision, anew), cancellationToken) is WriteResult.Written)
            {
                resealed++;
            }
        }

        return (resealed, unreadable);
    }

    private SecretReading Open(SecretDocument secret) => ring.Find(secret.KeyId) is not { } key
        ? new SecretReading.Unreadable($"it is sealed with the key '{secret.KeyId}', which this node's Dcron:Secrets does not have")
        : key.Open(secret.Sealed, secret.BoundTo()) is { } value ? new SecretReading.Opened(value)
        : new SecretReading.Unreadable($"the key '{secret.KeyId}' does not open it: the key was replaced under the same id, or the document was changed");

    private static SecretDocument Seal(SecretDocument secret, SecretKey key, byte[] value) => secret with { Sealed = key.Seal(value, secret.BoundTo()) };

    private static SecretDocument Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, SecretJson.Default.SecretDocument) ?? throw new JsonException("a secret's document is null");

    private static byte[] Write(SecretDocument secret) => JsonSerializer.SerializeToUtf8Bytes(secret, SecretJson.Default.SecretDocument);
}

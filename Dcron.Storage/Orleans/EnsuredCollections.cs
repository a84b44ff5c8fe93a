using System.Collections.Concurrent;
using Dcron.Storage.Documents;

namespace Dcron.Storage.Orleans;

/// <summary>Remembers which collections exist, so that a write need not ask.</summary>
internal sealed class EnsuredCollections(IDocumentStore store)
{
    private readonly ConcurrentDictionary<string, bool> _ensured = new(StringComparer.Ordinal);

    /// <summary>Writes, creating the collection before it where that was not done yet, or where somebody dropped it since.</summary>
    public async ValueTask<WriteResult> WriteAsync(CollectionDefinition collection, DocumentWrite write, CancellationToken cancellationToken)
    {
        if (!_ensured.ContainsKey(collection.Name))
        {
            await EnsureAsync(collection, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await store.WriteAsync(collection.Name, write, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            await EnsureAsync(collection, cancellationToken).ConfigureAwait(false);
            return await store.WriteAsync(collection.Name, write, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask EnsureAsync(CollectionDefinition collection, CancellationToken cancellationToken)
    {
        await store.EnsureCollectionAsync(collection, cancellationToken).ConfigureAwait(false);
        _ensured[collection.Name] = true;
    }
}

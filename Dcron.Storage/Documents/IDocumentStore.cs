namespace Dcron.Storage.Documents;

/// <summary>
/// Where everything that must survive lives: JSON documents in named collections, guarded by revisions.
/// A write is durable when its result is returned. Two writers that race on one document get exactly one
/// <see cref="WriteResult.Written"/>; that is what dcron's launch protocol rests on.
/// </summary>
/// <remarks>
/// Every member throws <see cref="DocumentStoreUnavailableException"/> when the store can't be reached or can't write;
/// whether a write took place is then unknown, and the caller must read before it writes again.
/// A collection that does not exist reads as empty; writing to one throws <see cref="InvalidOperationException"/>.
/// </remarks>
public interface IDocumentStore
{
    /// <summary>Creates the collection and its indexes where they are missing. Idempotent, safe to race.</summary>
    ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default);

    /// <summary>Drops a collection with all that is in it; false when there was none.</summary>
    ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default);

    /// <summary>Names of the collections that begin with <paramref name="prefix"/>, in ascending byte order.</summary>
    ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>The document, or null when there is none.</summary>
    ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default);

    /// <summary>The documents in the order of <paramref name="ids"/>, null for each that is missing.</summary>
    ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default);

    /// <summary>Writes one document. Concurrent calls are grouped into one commit.</summary>
    ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default);

    /// <summary>Writes many documents, each judged by itself: one conflict does not undo the others.</summary>
    /// <returns>A result for each write, in order.</returns>
    ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default);

    /// <summary>One page of a range of an index, ordered by the index's fields and then by id.</summary>
    ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default);

    /// <summary>Completes when the store can be reached and answers; throws <see cref="DocumentStoreUnavailableException"/> otherwise.</summary>
    ValueTask PingAsync(CancellationToken cancellationToken = default);
}

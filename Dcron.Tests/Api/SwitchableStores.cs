using Dcron.Storage.Documents;
using Dcron.Storage.Objects;

namespace Dcron.Tests.Api;

/// <summary>A real document store that can be put out of reach.</summary>
internal sealed class SwitchableDocuments(IDocumentStore inner) : IDocumentStore, IAsyncDisposable
{
    private volatile bool _away;

    /// <summary>For which collections writes find the store out of reach; null for none.</summary>
    public Func<string, bool>? FailWrites { get; set; }

    /// <summary>Out of reach until disposed.</summary>
    public IDisposable Away()
    {
        _away = true;
        return new Back(() => _away = false);
    }

    public ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default) => Reach().EnsureCollectionAsync(definition, cancellationToken);

    public ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default) => Reach().DropCollectionAsync(collection, cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default) => Reach().ListCollectionsAsync(prefix, cancellationToken);

    public ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) => Reach().GetAsync(collection, id, cancellationToken);

    public ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default) =>
        Reach().GetManyAsync(collection, ids, cancellationToken);

    public ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default) =>
        Reach(FailWrites?.Invoke(collection) is true).WriteAsync(collection, write, cancellationToken);

    public ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default) =>
        Reach().WriteManyAsync(collection, writes, cancellationToken);

    public ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default) => Reach().QueryAsync(collection, query, cancellationToken);

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => Reach().PingAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner is IAsyncDisposable disposable ? disposable.DisposeAsync() : ValueTask.CompletedTask;

    private IDocumentStore Reach(bool fails = false) => _away || fails ? throw new DocumentStoreUnavailableException("put out of reach at /very/secret/path") : inner;
}

/// <summary>A real object store that can be put out of reach.</summary>
internal sealed class SwitchableObjects(IObjectStore inner) : IObjectStore
{
    private volatile bool _away;

    public string DefaultBucket => inner.DefaultBucket;

    /// <summary>Out of reach until disposed.</summary>
    public IDisposable Away()
    {
        _away = true;
        return new Back(() => _away = false);
    }

    public ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default) => Reach().EnsureReadyAsync(cancellationToken);

    public ValueTask PutAsync(ObjectLocation location, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellationToken = default) =>
        Reach().PutAsync(location, content, contentType, cancellationToken);

    public ValueTask PutFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default) =>
        Reach().PutFileAsync(location, path, contentType, cancellationToken);

    public ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange? range = null, CancellationToken cancellationToken = default) => Reach().OpenAsync(location, range, cancellationToken);

    public ValueTask<ObjectStat?> StatAsync(ObjectLocation location, CancellationToken cancellationToken = default) => Reach().StatAsync(location, cancellationToken);

    public IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, CancellationToken cancellationToken = default) => Reach().ListAsync(bucket, prefix, cancellationToken);

    public ValueTask<bool> DeleteAsync(ObjectLocation location, CancellationToken cancellationToken = default) => Reach().DeleteAsync(location, cancellationToken);

    public ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default) =>
        Reach().PresignAsync(location, verb, lifetime, cancellationToken);

    private IObjectStore Reach() => _away ? throw new ObjectStoreUnavailableException("put out of reach at /very/secret/path") : inner;
}

internal sealed class Back(Action back) : IDisposable
{
    public void Dispose() => back();
}

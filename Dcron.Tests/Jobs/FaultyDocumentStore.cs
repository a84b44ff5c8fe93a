using Dcron.Storage.Documents;

namespace Dcron.Tests.Jobs;

/// <summary>A real store whose next write fails on demand, before it is applied or after (the answer gets lost).</summary>
internal sealed class FaultyDocumentStore(IDocumentStore inner) : IDocumentStore
{
    private int _failBefore;
    private int _failAfter;

    public void FailNextWrite(bool applied) => Interlocked.Exchange(ref applied ? ref _failAfter : ref _failBefore, 1);

    public async ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default)
    {
        Fail(ref _failBefore);
        var result = await inner.WriteAsync(collection, write, cancellationToken);
        Fail(ref _failAfter);
        return result;
    }

    public async ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default)
    {
        Fail(ref _failBefore);
        var results = await inner.WriteManyAsync(collection, writes, cancellationToken);
        Fail(ref _failAfter);
        return results;
    }

    public ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default) =>
        inner.EnsureCollectionAsync(definition, cancellationToken);

    public ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default) =>
        inner.DropCollectionAsync(collection, cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default) =>
        inner.ListCollectionsAsync(prefix, cancellationToken);

    public ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) =>
        inner.GetAsync(collection, id, cancellationToken);

    public ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default) =>
        inner.GetManyAsync(collection, ids, cancellationToken);

    public ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default) =>
        inner.QueryAsync(collection, query, cancellationToken);

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => inner.PingAsync(cancellationToken);

    private static void Fail(ref int armed)
    {
        if (Interlocked.Exchange(ref armed, 0) == 1)
        {
            throw new DocumentStoreUnavailableException("The store was made to fail.");
        }
    }
}

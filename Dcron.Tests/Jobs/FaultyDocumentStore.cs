using Dcron.Storage.Documents;

namespace Dcron.Tests.Jobs;

/// <summary>A real store whose writes fail on demand, before it is applied or after (the answer gets lost); or all to one collection.</summary>
internal sealed class FaultyDocumentStore(IDocumentStore inner) : IDocumentStore
{
    private int _failBefore;
    private int _failAfter;
    private volatile string? _closed;
    private Func<Task>? _beforeHistory;

    public void FailNextWrite(bool applied) => Interlocked.Exchange(ref applied ? ref _failAfter : ref _failBefore, 1);

    public bool IsToFail => Volatile.Read(ref _failBefore) + Volatile.Read(ref _failAfter) > 0;

    /// <summary>No write to a collection gets through, until another one is named, or none.</summary>
    public void FailWritesTo(string? collection) => _closed = collection;

    /// <summary>Something happens just before the history is next queried.</summary>
    public void BeforeNextLookAtHistory(Func<Task> what) => _beforeHistory = what;

    public async ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default)
    {
        FailIfClosed(collection);
        Fail(ref _failBefore);
        var result = await inner.WriteAsync(collection, write, cancellationToken);
        Fail(ref _failAfter);
        return result;
    }

    public async ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default)
    {
        FailIfClosed(collection);
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

    public async ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default)
    {
        if (collection.StartsWith("executions", StringComparison.Ordinal) && Interlocked.Exchange(ref _beforeHistory, null) is { } before)
        {
            await before();
        }

        return await inner.QueryAsync(collection, query, cancellationToken);
    }

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => inner.PingAsync(cancellationToken);

    private void FailIfClosed(string collection)
    {
        if (collection == _closed)
        {
            throw new DocumentStoreUnavailableException("The store was made to fail.");
        }
    }

    private static void Fail(ref int armed)
    {
        if (Interlocked.Exchange(ref armed, 0) == 1)
        {
            throw new DocumentStoreUnavailableException("The store was made to fail.");
        }
    }
}

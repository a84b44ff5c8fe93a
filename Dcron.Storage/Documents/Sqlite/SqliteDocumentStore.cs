using Microsoft.Data.Sqlite;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>
/// Documents in one SQLite file, which several processes may share. Writes of all callers are grouped into transactions by one thread,
/// each durable (fsync) before its callers hear of it; reads run where they are called, on connections of their own.
/// </summary>
internal sealed class SqliteDocumentStore : IDocumentStore, IAsyncDisposable, IDisposable
{
    // Up to so many rows a read takes less than switching threads is worth.
    private const int MaxInlineRows = 200;

    private readonly string _path;
    private readonly WriterThread _writer;
    private readonly ReaderPool _readers;
    private readonly Lock _publishing = new();
    private volatile Catalogue? _catalogue;

    /// <param name="path">The database file; made at first use where it is missing, with its folder.</param>
    /// <param name="busyTimeout">How long to wait for another process that is writing.</param>
    /// <param name="patience">How long after the last commit a write that may wait does so; 20 ms by default.</param>
    public SqliteDocumentStore(string path, TimeSpan busyTimeout, TimeSpan? patience = null)
    {
        _path = Path.GetFullPath(path);
        _writer = new WriterThread(new SqliteWriter(_path, busyTimeout, Publish), patience ?? WriterThread.Patience);
        _readers = new ReaderPool(() => new SqliteReader(_path, busyTimeout));
    }

    /// <summary>Transactions made durable so far.</summary>
    internal long Commits => _writer.Commits;

    public ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckDefinition(definition);
        if (_catalogue?.Find(definition.Name)?.Satisfies(definition) == true)
        {
            return ValueTask.CompletedTask;
        }

        return new ValueTask(RunAsync(
            writer => writer.Change((database, catalogue) =>
            {
                if (catalogue.Find(definition.Name)?.Satisfies(definition) != true)
                {
                    catalogue.Ensure(database, definition);
                }

                return true;
            }),
            cancellationToken));
    }

    public async ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckCollection(collection);
        return await RunAsync(writer => writer.Change((database, catalogue) => catalogue.Drop(database, collection)), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        await EnsureOpenAsync(cancellationToken).ConfigureAwait(false);
        return Read(prefix, static (reader, _, prefix) => reader.ListCollections(prefix));
    }

    public async ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckCollection(collection);
        DocumentRules.CheckId(id);
        await EnsureOpenAsync(cancellationToken).ConfigureAwait(false);
        return ReadFrom(collection, id, static (reader, schema, id) => reader.Get(schema, id), null);
    }

    public async ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        DocumentRules.CheckCollection(collection);
        foreach (var id in ids)
        {
            DocumentRules.CheckId(id);
        }

        await EnsureOpenAsync(cancellationToken).ConfigureAwait(false);
        return ids.Count <= MaxInlineRows ? GetMany() : await Task.Run(GetMany, cancellationToken).ConfigureAwait(false);

        Document?[] GetMany() =>
            ReadFrom(collection, ids, static (reader, schema, ids) => reader.GetMany(schema, ids), null) ?? new Document?[ids.Count];
    }

    public async ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default)
    {
        var results = await WriteAsync(collection, [write], cancellationToken).ConfigureAwait(false);
        return results[0];
    }

    public async ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        return await WriteAsync(collection, [.. writes], cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        DocumentRules.CheckCollection(collection);
        DocumentRules.CheckLimit(query);
        await EnsureOpenAsync(cancellationToken).ConfigureAwait(false);
        return query.Limit <= MaxInlineRows ? Query() : await Task.Run(Query, cancellationToken).ConfigureAwait(false);

        DocumentPage Query() => ReadFrom<DocumentPage, IndexQuery>(collection, query, ReadPage, null) ?? new DocumentPage([], null);
    }

    public async ValueTask PingAsync(CancellationToken cancellationToken = default)
    {
        await EnsureOpenAsync(cancellationToken).ConfigureAwait(false);
        if (!File.Exists(_path))
        {
            throw new DocumentStoreUnavailableException($"The document database '{_path}' was removed while dcron uses it; stop dcron and restore the file from a backup.");
        }

        Read(0, static (reader, _, _) => reader.Generation());
    }

    /// <summary>Finishes the writes that wait, then closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        _readers.Dispose();
    }

    /// <summary>The same for containers that know no other way; it is the writing thread that is waited for, never the thread pool.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static DocumentPage ReadPage(SqliteReader reader, CollectionSchema schema, IndexQuery query)
    {
        if (!schema.Indexes.TryGetValue(query.Index, out var index))
        {
            throw new ArgumentException($"collection '{schema.Name}' has no index '{query.Index}'");
        }

        DocumentRules.CheckQuery(query, index.Fields);
        return reader.Query(index, query, IndexCursor.Parse(query.Cursor, index.Fields.Count, query.Equal.Count));
    }

    private Task<WriteResult[]> WriteAsync(string collection, DocumentWrite[] writes, CancellationToken cancellationToken)
    {
        DocumentRules.CheckCollection(collection);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var write in writes)
        {
            DocumentRules.CheckWrite(write);
        }

        if (writes.Length == 0)
        {
            return Task.FromResult<WriteResult[]>([]);
        }

        var pending = new PendingWrites(collection, writes, PatientWrites.AreOn, cancellationToken);
        if (_catalogue?.Find(collection) is { } schema)
        {
            pending.ReadFields(schema);
        }

        _writer.Enqueue(pending);
        return pending.Task;
    }

    private ValueTask EnsureOpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _catalogue is not null ? ValueTask.CompletedTask : new ValueTask(RunAsync(static writer => writer.Open(), cancellationToken));
    }

    private Task<T> RunAsync<T>(Func<SqliteWriter, T> run, CancellationToken cancellationToken)
    {
        var command = new PendingCommand<T>(run, cancellationToken);
        _writer.Enqueue(command);
        return command.Task;
    }

    /// <summary>Reads from a collection; <paramref name="none"/> when there is no such collection.</summary>
    private T? ReadFrom<T, TArgument>(string collection, TArgument argument, Func<SqliteReader, CollectionSchema, TArgument, T> read, T? none) =>
        Read((collection, argument, read, none), static (reader, catalogue, x) =>
            catalogue.Find(x.collection) is { } schema ? x.read(reader, schema, x.argument) : x.none, collection);

    /// <summary>
    /// Reads, and again when what this store believes about the collections turns out to be out of date: another process may have changed them.
    /// </summary>
    private T Read<T, TArgument>(TArgument argument, Func<SqliteReader, Catalogue, TArgument, T> read, string? collection = null)
    {
        try
        {
            var reader = _readers.Rent();
            try
            {
                var catalogue = _catalogue!;
                if (collection is not null && catalogue.Find(collection) is null)
                {
                    catalogue = Renew(reader, catalogue);
                }

                var result = ReadTwice(reader, catalogue, argument, read);
                _readers.Return(reader);
                return result;
            }
            catch (ArgumentException)
            {
                _readers.Return(reader);
                throw;
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.IsUnavailable(e)
                ? SqliteErrors.Unavailable(e, _path)
                : new InvalidOperationException($"The document database '{_path}' refused a statement: {e.Message}", e);
        }
    }

    private T ReadTwice<T, TArgument>(SqliteReader reader, Catalogue catalogue, TArgument argument, Func<SqliteReader, Catalogue, TArgument, T> read)
    {
        try
        {
            return read(reader, catalogue, argument);
        }
        catch (Exception e) when (e is ArgumentException || (e is SqliteException sqlite && !SqliteErrors.IsUnavailable(sqlite)))
        {
            var current = Renew(reader, catalogue);
            if (current == catalogue)
            {
                throw;
            }

            return read(reader, current, argument);
        }
    }

    private Catalogue Renew(SqliteReader reader, Catalogue catalogue)
    {
        if (reader.Generation() == catalogue.Generation)
        {
            return catalogue;
        }

        var current = reader.LoadCatalogue();
        Publish(current);
        return current;
    }

    private void Publish(Catalogue catalogue)
    {
        lock (_publishing)
        {
            if (_catalogue is null || _catalogue.Generation <= catalogue.Generation)
            {
                _catalogue = catalogue;
            }
        }
    }
}

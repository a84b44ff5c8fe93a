using System.Globalization;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>A connection that reads, and its statements. Used by one thread at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private const int MaxStatements = 200;

    private readonly SqliteDatabase _database;
    private readonly Dictionary<CollectionSchema, SqliteStatement> _gets = [];
    private readonly Dictionary<QueryShape, SqliteStatement> _queries = [];
    private readonly SqliteStatement _generation;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _end;

    public SqliteReader(string path, TimeSpan busyTimeout)
    {
        _database = SqliteDatabase.Open(path, busyTimeout, create: false);
        try
        {
            _generation = _database.Prepare("SELECT generation FROM dcron_meta");
            _begin = _database.Prepare("BEGIN");
            _end = _database.Prepare("COMMIT");
        }
        catch
        {
            _database.Dispose();
            throw;
        }
    }

    /// <summary>Changes whenever any process changes a collection.</summary>
    public long Generation()
    {
        try
        {
            _generation.Step();
            return _generation.Int64(0);
        }
        finally
        {
            _generation.Reset();
        }
    }

    public Catalogue LoadCatalogue()
    {
        ForgetStatements(); // they belong to the catalogue before
        return Catalogue.Load(_database);
    }

    public IReadOnlyList<string> ListCollections(string prefix)
    {
        var names = new List<string>();
        using var rows = _database.Prepare("SELECT name FROM dcron_collections WHERE name >= ? ORDER BY name");
        rows.BindText(1, prefix);
        while (rows.Step() && rows.Text(0) is var name && name.StartsWith(prefix, StringComparison.Ordinal))
        {
            names.Add(name);
        }

        return names;
    }

    public Document? Get(CollectionSchema schema, string id)
    {
        var get = GetStatement(schema);
        get.BindText(1, id);
        try
        {
            return get.Step() ? new Document(id, Revision(get, 0), get.Bytes(1)) : null;
        }
        finally
        {
            get.Reset();
        }
    }

    public Document?[] GetMany(CollectionSchema schema, IReadOnlyList<string> ids)
    {
        var documents = new Document?[ids.Count];
        if (documents.Length == 1)
        {
            documents[0] = Get(schema, ids[0]);
            return documents;
        }

        _begin.Run(); // one snapshot and one pair of locks for all of them
        try
        {
            for (var i = 0; i < documents.Length; i++)
            {
                documents[i] = Get(schema, ids[i]);
            }

            _end.Run();
            return documents;
        }
        finally
        {
            _database.Rollback();
        }
    }

    public DocumentPage Query(IndexSchema index, IndexQuery query, IReadOnlyList<string>? after)
    {
        var shape = QueryShape.Of(index, query);
        var statement = QueryStatement(shape);
        Bind(statement, shape, query, after);
        try
        {
            var rows = new List<IndexRow>(Math.Min(query.Limit, 128));
            while (rows.Count < query.Limit && statement.Step())
            {
                rows.Add(Row(statement, index.Fields.Count, query.IncludeBodies));
            }

            var more = rows.Count == query.Limit && statement.Step();
            return new DocumentPage(rows, more ? IndexCursor.Of(rows[^1].Key, query.Equal.Count, rows[^1].Id) : null);
        }
        finally
        {
            statement.Reset();
        }
    }

    public void Dispose()
    {
        ForgetStatements();
        foreach (var statement in new[] { _generation, _begin, _end })
        {
            statement.Dispose();
        }

        _database.Dispose();
    }

    private static void Bind(SqliteStatement statement, QueryShape shape, IndexQuery query, IReadOnlyList<string>? after)
    {
        var parameter = 0;
        foreach (var value in query.Equal)
        {
            statement.BindText(++parameter, value);
        }

        if (shape.HasFrom)
        {
            statement.BindText(++parameter, query.From!);
        }

        if (shape.HasTo)
        {
            statement.BindText(++parameter, query.To!);
        }

        foreach (var value in after ?? [])
        {
            statement.BindText(++parameter, value);
        }

        statement.Bind(++parameter, query.Limit + 1); // one more tells whether there is a next page
    }

    private static IndexRow Row(SqliteStatement row, int fieldCount, bool includeBodies)
    {
        var id = row.Text(0);
        var key = new string[fieldCount];
        for (var i = 0; i < key.Length; i++)
        {
            key[i] = row.Text(i + 1);
        }

        return new IndexRow(id, key, includeBodies ? new Document(id, Revision(row, fieldCount + 1), row.Bytes(fieldCount + 2)) : null);
    }

    private static string Revision(SqliteStatement row, int column) => row.Int64(column).ToString(CultureInfo.InvariantCulture);

    private SqliteStatement GetStatement(CollectionSchema schema)
    {
        if (!_gets.TryGetValue(schema, out var statement))
        {
            MakeRoom();
            _gets.Add(schema, statement = _database.Prepare($"SELECT rev, body FROM {schema.Table} WHERE id = ?"));
        }

        return statement;
    }

    private SqliteStatement QueryStatement(QueryShape shape)
    {
        if (!_queries.TryGetValue(shape, out var statement))
        {
            MakeRoom();
            _queries.Add(shape, statement = _database.Prepare(shape.ToSql()));
        }

        return statement;
    }

    private void MakeRoom()
    {
        if (_gets.Count + _queries.Count >= MaxStatements)
        {
            ForgetStatements();
        }
    }

    private void ForgetStatements()
    {
        foreach (var statement in _gets.Values.Concat(_queries.Values))
        {
            statement.Dispose();
        }

        _gets.Clear();
        _queries.Clear();
    }
}

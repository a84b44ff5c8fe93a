using System.Diagnostics;
using System.Globalization;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>The three statements that change documents of one collection. The condition of a write is part of its statement.</summary>
internal sealed class WriteStatements : IDisposable
{
    private readonly SqliteStatement _create;
    private readonly SqliteStatement _replace;
    private readonly SqliteStatement _delete;

    public WriteStatements(SqliteDatabase database, CollectionSchema schema)
    {
        var columns = schema.Fields.Select(CollectionSchema.ColumnOf).ToArray();
        var create = $"INSERT INTO {schema.Table}(rev, body, id{string.Concat(columns.Select(c => ", " + c))}) "
            + $"VALUES (?, ?, ?{string.Concat(columns.Select(_ => ", ?"))}) ON CONFLICT(id) DO NOTHING";
        var replace = $"UPDATE {schema.Table} SET rev = ?1, body = ?2{string.Concat(columns.Select((c, i) => $", {c} = ?{i + 4}"))} "
            + $"WHERE id = ?3 AND rev = ?{columns.Length + 4}";
        _create = database.Prepare(create);
        _replace = database.Prepare(replace);
        _delete = database.Prepare($"DELETE FROM {schema.Table} WHERE id = ? AND rev = ?");
    }

    /// <returns>False when the write's condition does not hold.</returns>
    public bool Execute(SqliteDatabase database, DocumentWrite write, FieldText[]? fields, long newRevision)
    {
        switch (write)
        {
            case DocumentWrite.Create create:
                Bind(_create, create.Id, create.Body.Span, fields!, newRevision);
                _create.Run();
                break;
            case DocumentWrite.Replace replace when TryParse(replace.Revision, out var revision):
                Bind(_replace, replace.Id, replace.Body.Span, fields!, newRevision);
                _replace.Bind(fields!.Length + 4, revision);
                _replace.Run();
                break;
            case DocumentWrite.Delete delete when TryParse(delete.Revision, out var revision):
                _delete.BindText(1, delete.Id);
                _delete.Bind(2, revision);
                _delete.Run();
                break;
            case DocumentWrite.Replace or DocumentWrite.Delete:
                return false; // a revision that this store never gave
            default:
                throw new UnreachableException($"{write}");
        }

        return database.Changes == 1;
    }

    public void Dispose()
    {
        _create.Dispose();
        _replace.Dispose();
        _delete.Dispose();
    }

    private static void Bind(SqliteStatement statement, string id, ReadOnlySpan<byte> body, FieldText[] fields, long newRevision)
    {
        statement.Bind(1, newRevision);
        statement.BindText(2, body);
        statement.BindText(3, id);
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i].IsText)
            {
                statement.BindText(i + 4, fields[i].In(body));
            }
            else
            {
                statement.BindNull(i + 4);
            }
        }
    }

    private static bool TryParse(string revision, out long value) =>
        long.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}

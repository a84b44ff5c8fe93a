using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>
/// A prepared statement that is bound and stepped directly: a <see cref="SqliteCommand"/> costs several times as much a row,
/// and these statements run for every document of every execution.
/// </summary>
internal sealed class SqliteStatement(sqlite3 database, sqlite3_stmt statement) : IDisposable
{
    private const int StackBytes = 512;

    public void Bind(int index, long value) => Check(raw.sqlite3_bind_int64(statement, index, value));

    public void BindNull(int index) => Check(raw.sqlite3_bind_null(statement, index));

    public void BindText(int index, ReadOnlySpan<byte> utf8) =>
        // An empty span has no address, and SQLite takes a text without an address for NULL.
        Check(utf8.IsEmpty ? raw.sqlite3_bind_text(statement, index, "") : raw.sqlite3_bind_text(statement, index, utf8));

    public void BindText(int index, string value)
    {
        Span<byte> utf8 = stackalloc byte[StackBytes];
        if (Encoding.UTF8.TryGetBytes(value, utf8, out var length))
        {
            BindText(index, utf8[..length]);
        }
        else
        {
            BindText(index, Encoding.UTF8.GetBytes(value));
        }
    }

    /// <returns>True when there is a row, false when the statement is done.</returns>
    /// <exception cref="SqliteException">It failed.</exception>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        switch (code)
        {
            case raw.SQLITE_ROW:
                return true;
            case raw.SQLITE_DONE:
                return false;
            default:
                SqliteException.ThrowExceptionForRC(code, database);
                return false;
        }
    }

    /// <summary>Steps a statement without rows and makes it ready for the next run.</summary>
    public void Run()
    {
        try
        {
            while (Step())
            {
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Ends the run, and with it the read transaction that it may have held.</summary>
    public void Reset() => _ = raw.sqlite3_reset(statement); // repeats the error of the step, which has been thrown already

    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public string Text(int column) => Encoding.UTF8.GetString(raw.sqlite3_column_blob(statement, column));

    public void Dispose() => statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(code, database);
        }
    }
}

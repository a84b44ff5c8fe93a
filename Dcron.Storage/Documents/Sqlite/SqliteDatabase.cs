using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>One connection to the database file. Not thread-safe.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _handle;

    private SqliteDatabase(SqliteConnection connection)
    {
        _connection = connection;
        _handle = connection.Handle!;
    }

    /// <summary>Documents changed by the last insert, update or delete.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    public static SqliteDatabase Open(string path, TimeSpan busyTimeout, bool create)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            var database = new SqliteDatabase(connection);
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout={(long)busyTimeout.TotalMilliseconds}"));
            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Execute(string sql)
    {
        using var statement = Prepare(sql);
        statement.Run();
    }

    public SqliteStatement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        SqliteException.ThrowExceptionForRC(code, _handle);
        return new SqliteStatement(_handle, statement);
    }

    /// <summary>Undoes what an open transaction did, if there is one; SQLite may have done so by itself.</summary>
    public void Rollback()
    {
        if (InTransaction)
        {
            Execute("ROLLBACK");
        }
    }

    public void Dispose() => _connection.Dispose();
}

using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dcron.Storage.Documents.Sqlite;

internal static class SqliteErrors
{
    /// <summary>True for a failure of the machine or of another process, false for one that tells of a bug.</summary>
    public static bool IsUnavailable(SqliteException error) => error.SqliteErrorCode is not (
        raw.SQLITE_ERROR or raw.SQLITE_MISUSE or raw.SQLITE_RANGE or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH or raw.SQLITE_TOOBIG
        or raw.SQLITE_SCHEMA);

    /// <summary>True when the connection itself may be of no more use.</summary>
    public static bool IsFatal(SqliteException error) =>
        error.SqliteErrorCode is not (raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL) && IsUnavailable(error);

    public static DocumentStoreUnavailableException Unavailable(SqliteException error, string path)
    {
        var sentence = error.SqliteErrorCode switch
        {
            raw.SQLITE_FULL => "the disk is full; free some space and dcron goes on by itself",
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "another process has held its write lock for too long; end that process (a backup, an open sqlite3 shell?)",
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => "it can't be written; give dcron's user the right to write the file and its folder",
            raw.SQLITE_CANTOPEN => "it can't be opened; see that its folder exists, is no file, and that dcron's user may write there",
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "it is damaged or no database of dcron; stop dcron and restore the file from a backup",
            raw.SQLITE_NOMEM => "there is no memory left for it",
            _ => "the disk answers with an error; look at the system's log",
        };
        return new DocumentStoreUnavailableException(
            string.Create(CultureInfo.InvariantCulture, $"The document database '{path}' is not available: {sentence} (SQLite error {error.SqliteExtendedErrorCode})."),
            error);
    }
}

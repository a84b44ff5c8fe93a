using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>The writing connection and its statements. Used by one thread only.</summary>
internal sealed class SqliteWriter(string path, TimeSpan busyTimeout, Action<Catalogue> publish) : IDisposable
{
    // A page that is written often (the ends of the indexes) then goes to the database file once for many commits.
    private const int PagesBetweenCheckpoints = 4000;
    private const long MaxIdleLogBytes = 64L << 20;
    private const int CacheKilobytes = 16_000;

    private readonly Dictionary<CollectionSchema, WriteStatements> _statements = [];
    private SqliteDatabase? _database;
    private SqliteStatement? _begin;
    private SqliteStatement? _commit;
    private SqliteStatement? _readMeta;
    private SqliteStatement? _saveRevision;
    private Catalogue? _catalogue;

    /// <summary>Opens the file, makes it where it is missing, and publishes what is in it.</summary>
    public Catalogue Open()
    {
        if (_database is not null)
        {
            return _catalogue!;
        }

        CreateFile();
        var database = SqliteDatabase.Open(path, busyTimeout, create: true);
        try
        {
            UseWriteAheadLog(database);
            database.Execute("PRAGMA synchronous=FULL");
            database.Execute($"PRAGMA wal_autocheckpoint={PagesBetweenCheckpoints}");
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA journal_size_limit={MaxIdleLogBytes}"));
            database.Execute($"PRAGMA cache_size=-{CacheKilobytes}");
            database.Execute("BEGIN IMMEDIATE");
            Catalogue.Create(database);
            CheckSchema(database);
            var catalogue = Catalogue.Load(database);
            database.Execute("COMMIT");
            _begin = database.Prepare("BEGIN IMMEDIATE");
            _commit = database.Prepare("COMMIT");
            _readMeta = database.Prepare("SELECT generation, revision FROM dcron_meta");
            _saveRevision = database.Prepare("UPDATE dcron_meta SET revision = ?");
            (_database, _catalogue) = (database, catalogue);
        }
        catch
        {
            database.Dispose();
            throw;
        }

        publish(_catalogue);
        return _catalogue;
    }

    /// <summary>Changes the collections in a transaction of its own.</summary>
    public T Change<T>(Func<SqliteDatabase, Catalogue, T> change)
    {
        Open();
        T result;
        _begin!.Run();
        try
        {
            RefreshCatalogue();
            result = change(_database!, _catalogue!);
            _commit!.Run();
        }
        finally
        {
            _database!.Rollback();
        }

        RefreshCatalogue();
        return result;
    }

    /// <summary>Writes for many callers in one transaction, each write judged by itself.</summary>
    public void Write(List<PendingOperation> batch)
    {
        Open();
        _begin!.Run();
        try
        {
            var revision = RefreshCatalogue();
            var next = revision;
            foreach (var operation in batch)
            {
                Write((PendingWrites)operation, ref next);
            }

            if (next > revision)
            {
                _saveRevision!.Bind(1, next);
                _saveRevision.Run();
            }

            _commit!.Run();
        }
        finally
        {
            _database!.Rollback();
        }
    }

    /// <summary>What the callers are told. A connection that may be broken is closed, so that the next batch opens another.</summary>
    public Exception Failed(SqliteException error)
    {
        if (!SqliteErrors.IsUnavailable(error))
        {
            return new InvalidOperationException($"The document database '{path}' refused a statement: {error.Message}", error);
        }

        if (SqliteErrors.IsFatal(error))
        {
            Dispose();
        }

        return SqliteErrors.Unavailable(error, path);
    }

    public void Dispose()
    {
        ForgetStatements();
        foreach (var statement in new[] { _begin, _commit, _readMeta, _saveRevision })
        {
            statement?.Dispose();
        }

        _database?.Dispose();
        (_database, _catalogue, _begin, _commit, _readMeta, _saveRevision) = (null, null, null, null, null, null);
    }

    private static void UseWriteAheadLog(SqliteDatabase database)
    {
        // Turning the log on takes an exclusive lock that SQLite does not wait for; two processes may open a new file at once.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                database.Execute("PRAGMA journal_mode=WAL");
                return;
            }
            catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_BUSY && attempt < 100)
            {
                using var pause = new ManualResetEventSlim();
                pause.Wait(attempt);
            }
        }
    }

    private static void CheckSchema(SqliteDatabase database)
    {
        using var schema = database.Prepare("SELECT schema FROM dcron_meta");
        schema.Step();
        if (schema.Int64(0) > Catalogue.CurrentSchema)
        {
            throw new DocumentStoreUnavailableException(string.Create(CultureInfo.InvariantCulture,
                $"The document database was written by a newer dcron (schema {schema.Int64(0)}, this one knows {Catalogue.CurrentSchema}); start that version, or give this one a data folder of its own."));
        }
    }

    private void CreateFile()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!File.Exists(path))
            {
                // Documents are nobody else's business; SQLite gives the log beside it the same rights.
                var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
                if (!OperatingSystem.IsWindows())
                {
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                }

                new FileStream(path, options).Dispose();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DocumentStoreUnavailableException(
                $"The document database '{path}' can't be created: {e.Message} Give dcron's user the right to write there, or set Dcron:DataPath to another folder.", e);
        }
    }

    /// <summary>Looks whether any process has changed the collections since. Inside a transaction nobody else can.</summary>
    /// <returns>The last revision given.</returns>
    private long RefreshCatalogue()
    {
        long generation, revision;
        try
        {
            _readMeta!.Step();
            (generation, revision) = (_readMeta.Int64(0), _readMeta.Int64(1));
        }
        finally
        {
            _readMeta!.Reset();
        }

        if (_catalogue?.Generation != generation)
        {
            ForgetStatements();
            _catalogue = Catalogue.Load(_database!);
            publish(_catalogue);
        }

        return revision;
    }

    private void Write(PendingWrites pending, ref long revision)
    {
        if (_catalogue!.Find(pending.Collection) is not { } schema)
        {
            pending.Error = new InvalidOperationException($"there is no collection '{pending.Collection}' (any more); ensure it before writing to it");
            return;
        }

        try
        {
            if (pending.Schema != schema)
            {
                pending.ReadFields(schema);
            }

            var statements = StatementsOf(schema);
            for (var i = 0; i < pending.Writes.Length; i++)
            {
                pending.Results[i] = statements.Execute(_database!, pending.Writes[i], pending.Fields[i], revision + 1)
                    ? new WriteResult.Written((++revision).ToString(CultureInfo.InvariantCulture))
                    : WriteResult.Conflict.Instance;
            }
        }
        catch (SqliteException e) when (!SqliteErrors.IsUnavailable(e) && _database!.InTransaction)
        {
            pending.Error = Failed(e);
        }
        catch (ArgumentException e)
        {
            pending.Error = e;
        }
    }

    private WriteStatements StatementsOf(CollectionSchema schema)
    {
        if (!_statements.TryGetValue(schema, out var statements))
        {
            _statements.Add(schema, statements = new WriteStatements(_database!, schema));
        }

        return statements;
    }

    private void ForgetStatements()
    {
        foreach (var statements in _statements.Values)
        {
            statements.Dispose();
        }

        _statements.Clear();
    }
}

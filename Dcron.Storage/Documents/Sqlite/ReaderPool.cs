namespace Dcron.Storage.Documents.Sqlite;

/// <summary>Keeps a few reading connections open. More readers than that at once open one for the occasion.</summary>
internal sealed class ReaderPool(Func<SqliteReader> open) : IDisposable
{
    private const int Size = 8;

    private readonly SqliteReader?[] _idle = new SqliteReader?[Size];
    private volatile bool _closed;

    public SqliteReader Rent()
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(SqliteDocumentStore));
        for (var i = 0; i < Size; i++)
        {
            if (_idle[i] is not null && Interlocked.Exchange(ref _idle[i], null) is { } reader)
            {
                return reader;
            }
        }

        return open();
    }

    public void Return(SqliteReader reader)
    {
        for (var i = 0; i < Size && !_closed; i++)
        {
            if (_idle[i] is null && Interlocked.CompareExchange(ref _idle[i], reader, null) is null)
            {
                if (_closed)
                {
                    Dispose(); // it may have come after the last look
                }

                return;
            }
        }

        reader.Dispose();
    }

    public void Dispose()
    {
        _closed = true;
        for (var i = 0; i < Size; i++)
        {
            Interlocked.Exchange(ref _idle[i], null)?.Dispose();
        }
    }
}

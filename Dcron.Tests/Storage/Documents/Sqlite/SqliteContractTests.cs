using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;

namespace Dcron.Tests.Storage.Documents.Sqlite;

public sealed class SqliteDocumentStoreTests : DocumentStoreContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

public sealed class SqliteDocumentQueryTests : DocumentQueryContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

public sealed class SqliteDocumentModelTests : DocumentModelContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

/// <summary>A database file in a folder of its own, and the stores opened on it.</summary>
internal sealed class SqliteFixture : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<SqliteDocumentStore> _stores = [];

    public string DatabasePath => _folder.Of("data", "dcron.db");

    public SqliteDocumentStore Open(TimeSpan? busyTimeout = null)
    {
        var store = new SqliteDocumentStore(DatabasePath, busyTimeout ?? TimeSpan.FromSeconds(30));
        _stores.Add(store);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }

        _folder.Dispose();
    }
}

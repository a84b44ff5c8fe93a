using Dcron.Storage.Documents.CouchDb;

namespace Dcron.Tests.Storage.Documents.CouchDb;

/// <summary>Databases of a test's own on a server, and the stores opened on them.</summary>
internal sealed class CouchFixture(CouchServer server) : IAsyncDisposable
{
    private readonly List<CouchDbDocumentStore> _stores = [];

    public CouchServer Server { get; } = server;

    public CouchDbOptions Options { get; } = server.Options();

    public static async ValueTask<CouchFixture> OnAsync(Task<CouchServer> server) => new(await server);

    /// <param name="url">By which node, or through what; null for the server's own.</param>
    public CouchDbDocumentStore Open(Uri? url = null)
    {
        var options = Server.Options(url);
        options.Database = Options.Database;
        var store = new CouchDbDocumentStore(options, TimeProvider.System);
        _stores.Add(store);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        var last = Open();
        foreach (var collection in await last.ListCollectionsAsync(""))
        {
            await last.DropCollectionAsync(collection);
        }

        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
    }
}

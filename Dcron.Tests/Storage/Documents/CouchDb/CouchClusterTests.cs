using System.Globalization;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.CouchDb;

namespace Dcron.Tests.Storage.Documents.CouchDb;

/// <summary>What a cluster of CouchDB nodes makes harder: who creates a database, who wins, and a node that goes away.</summary>
public sealed class CouchClusterTests
{
    private const string Things = "things";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly CollectionDefinition Definition = new(Things, [new IndexDefinition("by_a", "a")]);

    [SkippableFact]
    public async Task Of_writers_through_different_nodes_one_wins_each_race_in_a_database_that_they_made_at_once()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync());
        CouchDbDocumentStore[] stores = [couch.Open(couch.Server.Node(1)), couch.Open(couch.Server.Node(2)), couch.Open(couch.Server.Node(3))];
        for (var round = 0; round < 8; round++)
        {
            var collection = string.Create(CultureInfo.InvariantCulture, $"things-{round}");
            var results = await Task.WhenAll(Enumerable.Range(0, 9).Select(n => Task.Run(async () =>
            {
                await stores[n % 3].EnsureCollectionAsync(Definition with { Name = collection });
                return await stores[n % 3].WriteAsync(collection, Json.Create("one", new { n, a = "x" }));
            }))).WaitAsync(Patience);

            var winner = Array.FindIndex(results, result => result is WriteResult.Written);
            Assert.Single(results, result => result is WriteResult.Written);
            foreach (var store in stores)
            {
                Assert.Equal(results[winner].Revision(), (await store.GetAsync(collection, "one"))!.Revision);
                Assert.Single((await store.QueryAsync(collection, new IndexQuery("by_a"))).Rows);
            }
        }
    }

    [SkippableFact]
    public async Task A_database_with_more_than_one_copy_is_refused_with_the_way_out()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync());
        await couch.Server.AskAsync(HttpMethod.Put, $"{couch.Options.Database}-{Things}?n=3");
        var store = couch.Open();

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.EnsureCollectionAsync(Definition));

        Assert.Contains($"keeps 3 copies of each document of database '{couch.Options.Database}-{Things}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("replicate it into one that was created with ?n=1", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task While_a_node_is_away_its_part_is_told_to_be_missing_and_nothing_acknowledged_is_lost()
    {
        await using var server = await CouchServer.StartAsync("3");
        await using var couch = new CouchFixture(server);
        var store = couch.Open();

        // Several databases, so that the second node has a part of some.
        var collections = Enumerable.Range(0, 6).Select(n => string.Create(CultureInfo.InvariantCulture, $"things-{n}")).ToArray();
        var acknowledged = new Dictionary<(string Collection, string Id), string>();
        foreach (var collection in collections)
        {
            await store.EnsureCollectionAsync(Definition with { Name = collection });
        }

        Assert.Empty(await WriteEverywhere("before"));
        await server.KillSecondAsync();
        var refused = await WriteEverywhere("without");
        Assert.NotEmpty(refused);
        Assert.All(refused, error => Assert.Contains("goes on by itself", error.Message, StringComparison.Ordinal));

        await server.StartSecondAsync();
        await Eventually(async () => (await WriteEverywhere("again")).Count == 0);
        foreach (var ((collection, id), revision) in acknowledged)
        {
            Assert.Equal(revision, (await store.GetAsync(collection, id))?.Revision);
        }

        async Task<List<DocumentStoreUnavailableException>> WriteEverywhere(string name)
        {
            var errors = new List<DocumentStoreUnavailableException>();
            foreach (var collection in collections)
            {
                for (var n = 0; n < 4; n++)
                {
                    var id = $"{name}-{n}-{Guid.NewGuid():N}";
                    try
                    {
                        acknowledged[(collection, id)] = (await store.WriteAsync(collection, Json.Create(id, new { a = id }))).Revision();
                    }
                    catch (DocumentStoreUnavailableException e)
                    {
                        errors.Add(e);
                    }
                }
            }

            return errors;
        }

        // The nodes need a moment to find each other.
        static async Task Eventually(Func<Task<bool>> condition)
        {
            using var over = new CancellationTokenSource(Patience);
            while (!await condition())
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, over.Token);
            }
        }
    }
}

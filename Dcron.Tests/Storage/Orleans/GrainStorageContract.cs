using System.Text.Json.Serialization;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;
using Dcron.Storage.Orleans;
using Dcron.Tests.Storage.Documents;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Dcron.Tests.Storage.Orleans;

/// <summary>What Orleans asks of grain storage, on any document store.</summary>
public abstract class GrainStorageContract : IAsyncLifetime
{
    private const string State = "counters";

    private static readonly GrainId One = GrainId.Create("test", "one");
    private static readonly GrainId Two = GrainId.Create("test", "two");

    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    private IDocumentStore _store = null!;
    private DocumentGrainStorage _storage = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        _store = await OpenAsync();
        _storage = StorageWith(new DocumentGrainStorageOptions { TypeInfoResolver = CounterJson.Default });
    }

    public async Task DisposeAsync()
    {
        await CloseAsync();
        await _services.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_missing_state_is_empty_has_no_etag_and_does_not_exist()
    {
        var state = new GrainState<Counter> { State = new Counter { Count = 9 }, ETag = "old", RecordExists = true };

        await _storage.ReadStateAsync(State, One, state);

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Equal(0, state.State!.Count);
    }

    [SkippableFact]
    public async Task A_state_with_required_members_can_be_missing()
    {
        var storage = StorageWith(new DocumentGrainStorageOptions { TypeInfoResolver = DcronJson.Default });
        var state = new GrainState<JobDocument>();

        await storage.ReadStateAsync("jobs", One, state);

        Assert.False(state.RecordExists);
        Assert.NotNull(state.State);
    }

    [SkippableFact]
    public async Task What_is_written_is_read_with_its_etag()
    {
        var written = await Written(One, 1);

        var read = await Read(One);

        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.Equal(1, read.State!.Count);
        Assert.False((await Read(Two)).RecordExists);
    }

    [SkippableFact]
    public async Task The_state_is_the_document()
    {
        await Written(One, 1);

        Assert.Equal("""{"count":1,"list_key":"k1"}""", (await _store.GetAsync(State, "one")).Text());
    }

    [SkippableFact]
    public async Task A_state_goes_to_its_collection_and_can_be_found_by_its_fields()
    {
        var options = new DocumentGrainStorageOptions { TypeInfoResolver = CounterJson.Default };
        options.Collections[State] = new CollectionDefinition("indexed-counters", [new IndexDefinition("by_key", "list_key")]);
        await StorageWith(options).WriteStateAsync(State, One, new GrainState<Counter>(new Counter { Count = 7 }));

        Assert.Equal("one", Assert.Single((await _store.QueryAsync("indexed-counters", new IndexQuery("by_key", "k7"))).Rows).Id);
    }

    [SkippableFact]
    public async Task Each_write_has_a_new_etag_also_after_the_state_was_cleared()
    {
        var etags = new HashSet<string>();
        var state = new GrainState<Counter>(new Counter());
        for (var round = 0; round < 3; round++)
        {
            for (var n = 0; n < 3; n++)
            {
                await _storage.WriteStateAsync(State, One, state);
                Assert.True(state.RecordExists);
                Assert.True(etags.Add(state.ETag!));
            }

            await _storage.ClearStateAsync(State, One, state);
            Assert.False(state.RecordExists);
            Assert.Null(state.ETag);
            state.State = new Counter();
        }
    }

    [SkippableFact]
    public async Task Without_an_etag_a_state_is_written_only_if_there_is_none()
    {
        var first = await Written(One, 1);

        var second = new GrainState<Counter>(new Counter { Count = 2 });
        var error = await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync(State, One, second));

        Assert.Equal(first.ETag, error.StoredEtag);
        Assert.Null(error.CurrentEtag);
        Assert.Equal(1, (await Read(One)).State!.Count);
        Assert.Null(second.ETag);
    }

    [SkippableFact]
    public async Task A_stale_etag_is_refused_with_both_etags()
    {
        var stale = await Written(One, 1);
        var current = await Read(One);
        current.State!.Count = 2;
        await _storage.WriteStateAsync(State, One, current);

        var write = await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync(State, One, stale));
        var clear = await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync(State, One, stale));

        Assert.All([write, clear], e => Assert.Equal((current.ETag, stale.ETag), (e.StoredEtag, e.CurrentEtag)));
        Assert.Equal(2, (await Read(One)).State!.Count);
    }

    [SkippableFact]
    public async Task The_etag_of_a_cleared_state_is_refused()
    {
        var stale = await Written(One, 1);
        await _storage.ClearStateAsync(State, One, await Read(One));

        var error = await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync(State, One, stale));

        Assert.Null(error.StoredEtag);
        Assert.False((await Read(One)).RecordExists);
    }

    [SkippableFact]
    public async Task Clearing_without_an_etag_succeeds_only_if_there_is_nothing()
    {
        await _storage.ClearStateAsync(State, One, new GrainState<Counter>(new Counter()));
        await Written(One, 1);

        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync(State, One, new GrainState<Counter>(new Counter())));

        Assert.True((await Read(One)).RecordExists);
    }

    [SkippableFact]
    public async Task A_dropped_collection_is_created_again()
    {
        await Written(One, 1);
        await _store.DropCollectionAsync(State);

        Assert.False((await Read(One)).RecordExists);
        await Written(One, 2);

        Assert.Equal(2, (await Read(One)).State!.Count);
    }

    private DocumentGrainStorage StorageWith(DocumentGrainStorageOptions options) => new(_store, options, _services.GetRequiredService<IActivatorProvider>());

    private async Task<GrainState<Counter>> Written(GrainId id, int count)
    {
        var state = new GrainState<Counter>(new Counter { Count = count });
        await _storage.WriteStateAsync(State, id, state);
        return state;
    }

    private async Task<GrainState<Counter>> Read(GrainId id)
    {
        var state = new GrainState<Counter>();
        await _storage.ReadStateAsync(State, id, state);
        return state;
    }
}

internal sealed class Counter
{
    public int Count { get; set; }

    public string ListKey => $"k{Count}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Counter))]
internal sealed partial class CounterJson : JsonSerializerContext;

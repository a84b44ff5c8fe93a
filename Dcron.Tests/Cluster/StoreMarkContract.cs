using System.Text;
using System.Text.Json.Nodes;
using Dcron.Grains.Cluster;
using Dcron.Storage.Documents;
using Dcron.Tests.Storage.Documents.CouchDb;
using Dcron.Tests.Storage.Documents.Sqlite;

namespace Dcron.Tests.Cluster;

/// <summary>The mark in the document store that says which versions understand what is stored there.</summary>
public abstract class StoreMarkContract : IAsyncLifetime
{
    private IDocumentStore _store = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync() => _store = await OpenAsync();

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableFact]
    public async Task The_first_node_writes_its_own_and_others_leave_it_as_it_is()
    {
        await CheckAsync(1);
        var written = (await _store.GetAsync("cluster", "cluster"))!;
        Assert.Equal("""{"schema":1,"cluster_id":"one","readable_from":1}""", Encoding.UTF8.GetString(written.Body.Span));

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => CheckAsync(1)));
        Assert.Equal(written.Revision, (await _store.GetAsync("cluster", "cluster"))!.Revision);
    }

    [SkippableFact]
    public async Task Many_nodes_that_come_first_at_once_agree()
    {
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => CheckAsync(1 + (i % 2))));
        await CheckAsync(2);
        Assert.Equal(2, (int)(await StoredAsync())["schema"]!);
    }

    [SkippableTheory]
    [InlineData("""{"schema":7,"cluster_id":"one"}""", "has the schema 7, for versions that know 7 or later, and this one knows 1")]
    [InlineData("""{"schema":7,"cluster_id":"one","readable_from":6}""", "has the schema 7, for versions that know 6 or later, and this one knows 1")]
    [InlineData("""{"schema":1,"cluster_id":"two"}""", "belongs to the cluster 'two', but Dcron:Cluster:ClusterId is 'one' here")]
    [InlineData("""{"schema":"x"}""", "is not what dcron writes there")]
    [InlineData("""{"schema":1}""", "is not what dcron writes there")]
    public async Task What_this_version_does_not_understand_is_refused_in_a_sentence_and_left_alone(string mark, string says)
    {
        await PlantAsync(mark);
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => CheckAsync(1));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Equal(mark, Encoding.UTF8.GetString((await _store.GetAsync("cluster", "cluster"))!.Body.Span));
    }

    [SkippableFact]
    public async Task Versions_next_to_each_other_work_side_by_side_and_those_further_apart_do_not()
    {
        await CheckAsync(1);
        await CheckAsync(2); // the first silo that is upgraded
        await CheckAsync(1); // one that is not yet, restarted; or one that goes back
        Assert.Equal(2, (int)(await StoredAsync())["schema"]!);

        await CheckAsync(3);
        await CheckAsync(2);
        await Assert.ThrowsAsync<StartRefusedException>(() => CheckAsync(1));
    }

    [SkippableFact]
    public async Task A_record_from_before_there_was_such_a_mark_and_fields_of_later_versions_are_kept()
    {
        await PlantAsync("""{"schema":1,"cluster_id":"one","later":{"a":[1]}}""");
        await CheckAsync(2);
        var stored = await StoredAsync();
        Assert.Equal((2, 1), ((int)stored["schema"]!, (int)stored["readable_from"]!));
        Assert.Equal("""{"a":[1]}""", stored["later"]!.ToJsonString());
    }

    private async Task CheckAsync(int schema) => await new ClusterRecord(_store, "one", schema).CheckAsync(CancellationToken.None);

    private async Task PlantAsync(string mark)
    {
        await _store.EnsureCollectionAsync(new CollectionDefinition("cluster", []));
        Assert.IsType<WriteResult.Written>(await _store.WriteAsync("cluster", new DocumentWrite.Create("cluster", Encoding.UTF8.GetBytes(mark))));
    }

    private async Task<JsonNode> StoredAsync() => JsonNode.Parse((await _store.GetAsync("cluster", "cluster"))!.Body.Span)!;
}

public sealed class SqliteStoreMarkTests : StoreMarkContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

/// <summary>On CouchDB; where there is none, on pouchdb-server.</summary>
public sealed class CouchStoreMarkTests : StoreMarkContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.AnyAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? ValueTask.CompletedTask;
}

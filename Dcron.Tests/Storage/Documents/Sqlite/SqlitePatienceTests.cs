using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;

namespace Dcron.Tests.Storage.Documents.Sqlite;

public sealed class SqlitePatienceTests : IDisposable
{
    private static readonly CollectionDefinition Things = new("things", []);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Writes_that_may_wait_share_the_commit_of_the_next_one_that_may_not()
    {
        await using var store = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(30), patience: TimeSpan.FromHours(1));
        await store.EnsureCollectionAsync(Things);
        var before = store.Commits;
        var patient = Enumerable.Range(0, 20).Select(i => PatientAsync(store, $"patient{i}")).ToList();
        Assert.All(patient, write => Assert.False(write.IsCompleted));

        Assert.IsType<WriteResult.Written>(await store.WriteAsync(Things.Name, Create("urgent")));
        Assert.All(await Task.WhenAll(patient), result => Assert.IsType<WriteResult.Written>(result));
        Assert.Equal(before + 1, store.Commits);
    }

    [Fact]
    public async Task A_write_that_may_wait_does_not_wait_for_ever_and_not_at_all_while_nothing_else_is_written()
    {
        await using var store = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(30), patience: TimeSpan.FromMilliseconds(1));
        await store.EnsureCollectionAsync(Things);
        Assert.IsType<WriteResult.Written>(await PatientAsync(store, "alone"));
        Assert.IsType<WriteResult.Written>(await PatientAsync(store, "again"));
    }

    [Fact]
    public async Task Writes_that_still_wait_when_the_store_is_closed_are_made_durable()
    {
        var store = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(30), patience: TimeSpan.FromHours(1));
        await store.EnsureCollectionAsync(Things);
        var patient = PatientAsync(store, "last");
        await store.DisposeAsync();
        Assert.IsType<WriteResult.Written>(await patient);
        await using var again = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(30));
        Assert.NotNull(await again.GetAsync(Things.Name, "last"));
    }

    private static async Task<WriteResult> PatientAsync(SqliteDocumentStore store, string id)
    {
        using var patience = PatientWrites.Begin();
        return await store.WriteAsync(Things.Name, Create(id));
    }

    private static DocumentWrite.Create Create(string id) => new(id, "{}"u8.ToArray());
}

using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>The simulation rests on what these say: that a write by an old revision is refused, and that ranges miss nothing.</summary>
public sealed class MemoryDatabaseTests
{
    private readonly MemoryDatabase _database = new();
    private readonly CollectionDefinition _definition = new("things", [new IndexDefinition("by_kind", "kind", "at")]);

    [Fact]
    public async Task A_create_succeeds_once_and_a_replace_only_with_the_present_revision()
    {
        await _database.EnsureCollectionAsync(_definition);
        var first = Assert.IsType<WriteResult.Written>(await _database.WriteAsync("things", new DocumentWrite.Create("a", Body("x", "1"))));
        Assert.IsType<WriteResult.Conflict>(await _database.WriteAsync("things", new DocumentWrite.Create("a", Body("x", "2"))));
        var second = Assert.IsType<WriteResult.Written>(await _database.WriteAsync("things", new DocumentWrite.Replace("a", first.Revision, Body("x", "3"))));
        Assert.IsType<WriteResult.Conflict>(await _database.WriteAsync("things", new DocumentWrite.Replace("a", first.Revision, Body("x", "4"))));
        Assert.IsType<WriteResult.Conflict>(await _database.WriteAsync("things", new DocumentWrite.Delete("a", first.Revision)));
        Assert.IsType<WriteResult.Written>(await _database.WriteAsync("things", new DocumentWrite.Delete("a", second.Revision)));
        Assert.Null(await _database.GetAsync("things", "a"));
    }

    [Fact]
    public async Task Pages_of_a_range_come_in_order_and_once()
    {
        await _database.EnsureCollectionAsync(_definition);
        foreach (var id in "caebd".Select(letter => $"{letter}"))
        {
            await _database.WriteAsync("things", new DocumentWrite.Create(id, Body(id is "e" ? "y" : "x", id)));
        }

        var query = new IndexQuery("by_kind", "x") { From = "b", Limit = 2 };
        var page = await _database.QueryAsync("things", query);
        var rest = await _database.QueryAsync("things", query with { Cursor = page.Next });
        Assert.Equal(["b", "c", "d"], page.Rows.Concat(rest.Rows).Select(row => row.Id));
        Assert.Null(rest.Next);
        Assert.Equal(["d", "c"], (await _database.QueryAsync("things", query with { Descending = true })).Rows.Select(row => row.Id));
    }

    private static ReadOnlyMemory<byte> Body(string kind, string at) => System.Text.Encoding.UTF8.GetBytes($$"""{"kind":"{{kind}}","at":"{{at}}"}""");
}

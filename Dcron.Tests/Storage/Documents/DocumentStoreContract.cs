using System.Globalization;
using System.Text;
using System.Text.Json;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Storage.Documents;

/// <summary>What every document store must do. Each adapter subclasses it, and <see cref="DocumentQueryContract"/>.</summary>
public abstract class DocumentStoreContract : IAsyncLifetime
{
    protected const string Things = "things";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected IDocumentStore Store { get; private set; } = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        Store = await OpenAsync();
        await Store.EnsureCollectionAsync(new CollectionDefinition(Things, [new IndexDefinition("by_a", "a"), new IndexDefinition("by_b_a", "b", "a")]));
    }

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableFact]
    public async Task What_is_written_is_read_back_as_it_was()
    {
        var body = Encoding.UTF8.GetBytes("""{ "a" : "ä\u00e9\n", "nested": {"x":[1,2.50,null]},"b":null }""");

        var revision = (await Store.WriteAsync(Things, new DocumentWrite.Create("one", body))).Revision();

        var document = await Store.GetAsync(Things, "one");
        Assert.Equal("one", document!.Id);
        Assert.Equal(revision, document.Revision);
        using var written = JsonDocument.Parse(body);
        using var read = JsonDocument.Parse(document.Body);
        Assert.True(JsonElement.DeepEquals(written.RootElement, read.RootElement), document.Text());
        Assert.Equal(["a", "nested", "b"], read.RootElement.EnumerateObject().Select(field => field.Name));
    }

    [SkippableFact]
    public async Task A_missing_document_is_null()
    {
        Assert.Null(await Store.GetAsync(Things, "missing"));
    }

    [SkippableFact]
    public async Task A_create_of_what_exists_is_a_conflict_and_changes_nothing()
    {
        await Store.WriteAsync(Things, Json.Create("one", new { a = "first" }));

        Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, Json.Create("one", new { a = "second" })));

        Assert.Equal("""{"a":"first"}""", (await Store.GetAsync(Things, "one")).Text());
    }

    [SkippableFact]
    public async Task A_replacement_needs_the_current_revision()
    {
        var first = (await Store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision();
        var second = (await Store.WriteAsync(Things, new DocumentWrite.Replace("one", first, Json.Body(new { a = "2" })))).Revision();

        Assert.NotEqual(first, second);
        Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Replace("one", first, Json.Body(new { a = "3" }))));
        Assert.Equal("""{"a":"2"}""", (await Store.GetAsync(Things, "one")).Text());
    }

    [SkippableFact]
    public async Task Replacing_or_deleting_what_is_missing_is_a_conflict()
    {
        var other = (await Store.WriteAsync(Things, Json.Create("other", new { }))).Revision();

        foreach (var id in new[] { "one", "two", "three", "four", "five", "six" }) // a store may keep them in different places
        {
            Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Replace(id, other, Json.Body(new { }))));
            Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Delete(id, other)));
        }

        Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Delete("other", "no revision of any store")));
        Assert.Null(await Store.GetAsync(Things, "one"));
    }

    [SkippableFact]
    public async Task A_deletion_needs_the_current_revision()
    {
        var first = (await Store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision();
        var second = (await Store.WriteAsync(Things, new DocumentWrite.Replace("one", first, Json.Body(new { a = "2" })))).Revision();

        Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Delete("one", first)));
        Assert.IsType<WriteResult.Written>(await Store.WriteAsync(Things, new DocumentWrite.Delete("one", second)));
        Assert.Null(await Store.GetAsync(Things, "one"));
    }

    [SkippableFact]
    public async Task A_revision_never_comes_back_after_deletion_and_re_creation()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            var created = (await Store.WriteAsync(Things, Json.Create("one", new { a = "same" }))).Revision();
            var deleted = (await Store.WriteAsync(Things, new DocumentWrite.Delete("one", created))).Revision();
            Assert.True(seen.Add(created));
            Assert.True(seen.Add(deleted));
        }

        var current = (await Store.WriteAsync(Things, Json.Create("one", new { a = "same" }))).Revision();
        foreach (var old in seen)
        {
            Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Replace("one", old, Json.Body(new { a = "stale" }))));
        }

        Assert.Equal(current, (await Store.GetAsync(Things, "one"))!.Revision);
    }

    [SkippableFact]
    public async Task Nothing_brings_a_deleted_document_back_but_a_create()
    {
        var created = (await Store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision();
        var deleted = (await Store.WriteAsync(Things, new DocumentWrite.Delete("one", created))).Revision();

        foreach (var revision in new[] { created, deleted })
        {
            Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Replace("one", revision, Json.Body(new { a = "2" }))));
            Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Delete("one", revision)));
        }

        Assert.Null(await Store.GetAsync(Things, "one"));
        Assert.Equal([null], await Store.GetManyAsync(Things, ["one"]));
    }

    [SkippableFact]
    public async Task Two_that_delete_at_once_do_not_both_succeed()
    {
        for (var round = 0; round < 10; round++)
        {
            var revision = (await Store.WriteAsync(Things, Json.Create("one", new { round }))).Revision();
            var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await Store.WriteAsync(Things, new DocumentWrite.Delete("one", revision))))).WaitAsync(Patience);
            Assert.Single(results, r => r is WriteResult.Written);
        }
    }

    [SkippableFact]
    public async Task Several_writes_to_one_document_happen_in_their_order()
    {
        var current = (await Store.WriteAsync(Things, Json.Create("one", new { n = 0 }))).Revision();

        var results = await Store.WriteManyAsync(Things,
        [
            new DocumentWrite.Delete("one", current),
            Json.Create("one", new { n = 1 }),
            Json.Create("one", new { n = 2 }),
        ]);

        Assert.Equal([true, true, false], results.Select(r => r is WriteResult.Written));
        Assert.Equal("""{"n":1}""", (await Store.GetAsync(Things, "one")).Text());
    }

    [SkippableFact]
    public async Task A_revision_does_not_come_back_with_a_collection_of_the_same_name()
    {
        var old = (await Store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision();
        await Store.DropCollectionAsync(Things);
        await Store.EnsureCollectionAsync(new CollectionDefinition(Things, []));

        Assert.IsType<WriteResult.Conflict>(await Store.WriteAsync(Things, new DocumentWrite.Replace("one", old, Json.Body(new { a = "2" }))));
        Assert.Null(await Store.GetAsync(Things, "one"));
    }

    [SkippableFact]
    public async Task A_body_has_a_limit_and_one_below_it_is_kept()
    {
        var large = new string('x', 3_999_900);
        Assert.IsType<WriteResult.Written>(await Store.WriteAsync(Things, Json.Create("one", new { large })));
        Assert.Equal(large, JsonDocument.Parse((await Store.GetAsync(Things, "one"))!.Body).RootElement.GetProperty("large").GetString());

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.WriteAsync(Things, Json.Create("two", new { large = large + new string('x', 200) })));
    }

    [SkippableFact]
    public async Task Of_many_that_create_the_same_document_exactly_one_has_written_it()
    {
        for (var round = 0; round < 20; round++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"race-{round}");
            var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(async () => await Store.WriteAsync(Things, Json.Create(id, new { n }))))).WaitAsync(Patience);

            var winner = Array.FindIndex(results, r => r is WriteResult.Written);
            Assert.Single(results, r => r is WriteResult.Written);
            Assert.Equal($$"""{"n":{{winner}}}""", (await Store.GetAsync(Things, id)).Text());
        }
    }

    [SkippableFact]
    public async Task Counting_up_by_revision_loses_no_step_however_many_do_it()
    {
        await Store.WriteAsync(Things, Json.Create("counter", new { n = 0 }));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(CountTo25))).WaitAsync(Patience);

        Assert.Equal("""{"n":200}""", (await Store.GetAsync(Things, "counter")).Text());

        async Task CountTo25()
        {
            for (var done = 0; done < 25;)
            {
                var current = await Store.GetAsync(Things, "counter");
                var n = JsonDocument.Parse(current!.Body).RootElement.GetProperty("n").GetInt32();
                done += await Store.WriteAsync(Things, new DocumentWrite.Replace("counter", current.Revision, Json.Body(new { n = n + 1 }))) is WriteResult.Written ? 1 : 0;
            }
        }
    }

    [SkippableFact]
    public async Task Each_of_many_writes_is_judged_by_itself()
    {
        var existing = (await Store.WriteAsync(Things, Json.Create("existing", new { a = "1" }))).Revision();
        var doomed = (await Store.WriteAsync(Things, Json.Create("doomed", new { a = "1" }))).Revision();

        var results = await Store.WriteManyAsync(Things,
        [
            Json.Create("new", new { a = "1" }),
            Json.Create("existing", new { a = "2" }),
            new DocumentWrite.Replace("existing", existing, Json.Body(new { a = "3" })),
            new DocumentWrite.Delete("doomed", doomed),
            new DocumentWrite.Replace("missing", doomed, Json.Body(new { })),
        ]);

        Assert.Equal([true, false, true, true, false], results.Select(r => r is WriteResult.Written));
        Assert.Equal(results[0].Revision(), (await Store.GetAsync(Things, "new"))!.Revision);
        Assert.Equal(results[2].Revision(), (await Store.GetAsync(Things, "existing"))!.Revision);
        Assert.Null(await Store.GetAsync(Things, "doomed"));
    }

    [SkippableFact]
    public async Task Many_are_read_in_the_order_asked_for()
    {
        await Store.WriteManyAsync(Things, [.. Enumerable.Range(0, 300).Select(n => Json.Create($"d{n}", new { n }))]);

        var few = await Store.GetManyAsync(Things, ["d2", "missing", "d1", "d2"]);
        var many = await Store.GetManyAsync(Things, [.. Enumerable.Range(0, 300).Select(n => $"d{299 - n}")]);

        Assert.Equal(["d2", null, "d1", "d2"], few.Select(d => d?.Id));
        Assert.Equal(Enumerable.Range(0, 300).Select(n => $"d{299 - n}"), many.Select(d => d!.Id));
        Assert.Empty(await Store.GetManyAsync(Things, []));
        Assert.Empty(await Store.WriteManyAsync(Things, []));
    }

    [SkippableFact]
    public virtual async Task A_collection_that_does_not_exist_reads_as_empty_and_refuses_writes()
    {
        Assert.Null(await Store.GetAsync("nowhere", "one"));
        Assert.Equal([null], await Store.GetManyAsync("nowhere", ["one"]));
        Assert.Empty((await Store.QueryAsync("nowhere", new IndexQuery("by_a"))).Rows);
        Assert.False(await Store.DropCollectionAsync("nowhere"));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Store.WriteAsync("nowhere", Json.Create("one", new { })));
    }

    [SkippableFact]
    public async Task A_dropped_collection_is_gone_and_comes_back_empty()
    {
        var revision = (await Store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision();

        Assert.True(await Store.DropCollectionAsync(Things));

        Assert.Null(await Store.GetAsync(Things, "one"));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Store.WriteAsync(Things, Json.Create("one", new { })));
        await Store.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        Assert.Null(await Store.GetAsync(Things, "one"));
        Assert.NotEqual(revision, (await Store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision());
    }

    [SkippableFact]
    public async Task Collections_are_listed_by_prefix_in_order()
    {
        foreach (var name in new[] { "months-2026-02", "months-2025-12", "months-2026-01", "month" })
        {
            await Store.EnsureCollectionAsync(new CollectionDefinition(name, []));
        }

        Assert.Equal(["months-2025-12", "months-2026-01", "months-2026-02"], await Store.ListCollectionsAsync("months-"));
        Assert.Empty(await Store.ListCollectionsAsync("years-"));
    }

    [SkippableFact]
    public async Task Ensuring_a_collection_can_be_raced_and_keeps_what_is_in_it()
    {
        var definition = new CollectionDefinition("raced", [new IndexDefinition("by_a", "a")]);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await Store.EnsureCollectionAsync(definition)))).WaitAsync(Patience);
        await Store.WriteAsync("raced", Json.Create("one", new { a = "1" }));
        await Store.EnsureCollectionAsync(definition);

        Assert.Single((await Store.QueryAsync("raced", new IndexQuery("by_a"))).Rows);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("_design")]
    [InlineData("ünïcode")]
    [InlineData("line\nbreak")]
    public async Task Ids_outside_the_rules_are_refused(string id)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.WriteAsync(Things, Json.Create(id, new { })));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.GetAsync(Things, id));
    }

    [SkippableTheory]
    [InlineData("'; DROP TABLE x; --")]
    [InlineData("a \"quoted\" id/with+odd%2Bcharacters?&#")]
    [InlineData(" ")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../jobs")]
    public async Task Any_printable_ascii_is_an_id(string id)
    {
        await Store.WriteAsync(Things, Json.Create(id, new { a = id }));

        Assert.Equal(id, (await Store.GetAsync(Things, id))!.Id);
        Assert.Equal(id, Assert.Single((await Store.QueryAsync(Things, new IndexQuery("by_a", id))).Rows).Id);
    }

    [SkippableFact]
    public async Task An_id_may_have_400_characters()
    {
        await Store.WriteAsync(Things, Json.Create(new string('x', 400), new { }));

        Assert.NotNull(await Store.GetAsync(Things, new string('x', 400)));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.GetAsync(Things, new string('x', 401)));
    }

    [SkippableTheory]
    [InlineData("Upper")]
    [InlineData("")]
    [InlineData("9lives")]
    [InlineData("a\"b")]
    [InlineData("a b")]
    public async Task Collection_names_outside_the_rules_are_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.EnsureCollectionAsync(new CollectionDefinition(name, [])));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.GetAsync(name, "one"));
    }

    [SkippableTheory]
    [InlineData("by_a", "a')--")]
    [InlineData("by_a", "_id")]
    [InlineData("By A", "a")]
    [InlineData("by_a", "a", "a")]
    [InlineData("by_a")]
    [InlineData("by_a", "a", "b", "c", "d", "e")]
    public async Task Index_definitions_outside_the_rules_are_refused(string name, params string[] fields)
    {
        var definition = new CollectionDefinition("fine", [new IndexDefinition(name, fields)]);

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.EnsureCollectionAsync(definition));
    }

    [SkippableTheory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"a\":1")]
    [InlineData("{} {}")]
    [InlineData("")]
    [InlineData("{\"_rev\":\"1\"}")]
    [InlineData("{\"a\":1,}")]
    public async Task Only_json_objects_are_bodies(string body)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.WriteAsync(Things, new DocumentWrite.Create("one", Encoding.UTF8.GetBytes(body))));
        Assert.Null(await Store.GetAsync(Things, "one"));
    }

    [SkippableFact]
    public async Task A_cancelled_write_has_not_happened()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Store.WriteAsync(Things, Json.Create("one", new { }), new CancellationToken(canceled: true)));

        Assert.Null(await Store.GetAsync(Things, "one"));
    }

    [SkippableFact]
    public async Task A_store_that_answers_can_be_pinged()
    {
        await Store.PingAsync();
    }
}

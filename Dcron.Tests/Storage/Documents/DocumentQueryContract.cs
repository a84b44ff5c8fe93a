using System.Globalization;
using System.Text;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Storage.Documents;

/// <summary>What every document store must answer to queries.</summary>
public abstract class DocumentQueryContract : IAsyncLifetime
{
    private const string Runs = "runs";
    private const string ByTime = "by_time";
    private const string ByJob = "by_job";

    protected IDocumentStore Store { get; private set; } = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        Store = await OpenAsync();
        await Store.EnsureCollectionAsync(new CollectionDefinition(Runs, [new IndexDefinition(ByTime, "time"), new IndexDefinition(ByJob, "job", "time", "result")]));
    }

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableFact]
    public async Task Equal_values_and_bounds_select_a_range_in_order()
    {
        await Add(("4", "x", "t4"), ("1", "x", "t1"), ("3", "x", "t3"), ("2", "x", "t2"), ("5", "y", "t3"));

        var rows = (await Store.QueryAsync(Runs, new IndexQuery(ByJob, "x") { From = "t2", To = "t3" })).Rows;

        Assert.Equal(["2", "3"], rows.Select(r => r.Id));
        Assert.Equal(["x", "t2", "ok"], rows[0].Key);
        Assert.Equal("""{"job":"x","time":"t2","result":"ok"}""", rows[0].Document.Text());
        Assert.Equal((await Store.GetAsync(Runs, "2"))!.Revision, rows[0].Document!.Revision);
    }

    [SkippableFact]
    public async Task Without_a_lower_bound_everything_up_to_the_upper_one_is_found()
    {
        await Add(("1", "x", "2020"), ("2", "x", "2026"), ("3", "x", "2030"));

        Assert.Equal(["1", "2"], await Ids(new IndexQuery(ByTime) { To = "2026" }));
        Assert.Equal(["2", "3"], await Ids(new IndexQuery(ByTime) { From = "2026" }));
        Assert.Equal(["1", "2", "3"], await Ids(new IndexQuery(ByTime)));
        Assert.Equal(["2"], await Ids(new IndexQuery(ByTime, "2026")));
        Assert.Empty(await Ids(new IndexQuery(ByTime) { From = "2027", To = "2029" }));
    }

    [SkippableFact]
    public async Task Descending_reverses_the_whole_order()
    {
        await Add(("b", "x", "t1"), ("a", "x", "t1"), ("c", "x", "t2"), ("d", "x", "t0"));

        Assert.Equal(["c", "b", "a", "d"], await Ids(new IndexQuery(ByJob, "x") { Descending = true }));
        Assert.Equal(["b", "a"], await Ids(new IndexQuery(ByJob, "x") { From = "t1", To = "t1", Descending = true }));
    }

    [SkippableTheory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public virtual async Task Pages_hold_every_row_once_also_over_equal_keys(bool descending, bool includeBodies)
    {
        await Add([.. Enumerable.Range(0, 50).Select(n => (string.Create(CultureInfo.InvariantCulture, $"{n:D2}"), "x", $"t{n / 20}"))]);
        await Add(("other", "y", "t1"));

        var seen = new List<IndexRow>();
        string? cursor = null;
        do
        {
            var page = await Store.QueryAsync(Runs, new IndexQuery(ByJob, "x") { From = "t0", To = "t9", Limit = 7, Descending = descending, IncludeBodies = includeBodies, Cursor = cursor });
            Assert.InRange(page.Rows.Count, 0, 7);
            seen.AddRange(page.Rows);
            Assert.InRange(seen.Count, 0, 50);
            cursor = page.Next;
        }
        while (cursor is not null);

        var expected = Enumerable.Range(0, 50).Select(n => string.Create(CultureInfo.InvariantCulture, $"{n:D2}"));
        Assert.Equal(descending ? expected.Reverse() : expected, seen.Select(r => r.Id));
        Assert.All(seen, r => Assert.Equal(includeBodies, r.Document is not null));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public virtual async Task A_query_goes_on_after_any_row_of_a_page(bool descending)
    {
        await Add([.. Enumerable.Range(0, 9).Select(n => (string.Create(CultureInfo.InvariantCulture, $"{n}"), "x", $"t{n / 3}"))]);
        var query = new IndexQuery(ByJob, "x") { Descending = descending, Limit = 9 };
        var rows = (await Store.QueryAsync(Runs, query)).Rows;

        for (var i = 0; i < rows.Count; i++)
        {
            Assert.Equal(rows.Skip(i + 1).Select(row => row.Id), await Ids(query.After(rows[i])));
        }
    }

    [SkippableFact]
    public async Task A_cursor_holds_while_rows_come_and_go()
    {
        await Add(("1", "x", "t1"), ("2", "x", "t2"), ("3", "x", "t3"), ("4", "x", "t4"));
        var first = await Store.QueryAsync(Runs, new IndexQuery(ByTime) { Limit = 2 });

        await Add(("0", "x", "t0"), ("25", "x", "t25"), ("9", "x", "t9"));
        await Store.WriteAsync(Runs, new DocumentWrite.Delete("2", first.Rows[1].Document!.Revision));

        Assert.Equal(["25", "3", "4", "9"], await Ids(new IndexQuery(ByTime) { Cursor = first.Next }));
    }

    [SkippableFact]
    public async Task A_full_page_at_the_end_needs_no_other_than_an_empty_one()
    {
        await Add(("1", "x", "t1"), ("2", "x", "t2"));

        var page = await Store.QueryAsync(Runs, new IndexQuery(ByTime) { Limit = 2 });

        Assert.Equal(2, page.Rows.Count);
        if (page.Next is not null)
        {
            var next = await Store.QueryAsync(Runs, new IndexQuery(ByTime) { Limit = 2, Cursor = page.Next });
            Assert.Empty(next.Rows);
            Assert.Null(next.Next);
        }
    }

    [SkippableTheory]
    [InlineData("""{"job":"x","time":"t"}""")]
    [InlineData("""{"job":"x","time":"t","result":null}""")]
    [InlineData("""{"job":"x","time":5,"result":"ok"}""")]
    [InlineData("""{"job":{"x":"x"},"time":"t","result":"ok"}""")]
    [InlineData("""{"inner":{"job":"x","time":"t","result":"ok"}}""")]
    [InlineData("""{"JOB":"x","time":"t","result":"ok"}""")]
    public async Task A_document_without_a_text_in_each_field_is_not_in_the_index(string body)
    {
        await Store.WriteAsync(Runs, new DocumentWrite.Create("one", Encoding.UTF8.GetBytes(body)));
        await Add(("two", "x", "t"));

        Assert.Equal(["two"], await Ids(new IndexQuery(ByJob)));
    }

    [SkippableFact]
    public async Task The_index_follows_replacements_and_deletions()
    {
        await Add(("one", "x", "t1"));
        var revision = (await Store.GetAsync(Runs, "one"))!.Revision;

        revision = (await Store.WriteAsync(Runs, new DocumentWrite.Replace("one", revision, Json.Body(new { job = "x", time = "t2", result = "ok" })))).Revision();
        Assert.Empty(await Ids(new IndexQuery(ByTime, "t1")));
        Assert.Equal(["one"], await Ids(new IndexQuery(ByTime, "t2")));

        revision = (await Store.WriteAsync(Runs, new DocumentWrite.Replace("one", revision, Json.Body(new { job = "x" })))).Revision();
        Assert.Empty(await Ids(new IndexQuery(ByTime)));

        revision = (await Store.WriteAsync(Runs, new DocumentWrite.Replace("one", revision, Json.Body(new { time = "t3" })))).Revision();
        Assert.Equal(["one"], await Ids(new IndexQuery(ByTime, "t3")));

        await Store.WriteAsync(Runs, new DocumentWrite.Delete("one", revision));
        Assert.Empty(await Ids(new IndexQuery(ByTime)));
    }

    [SkippableFact]
    public virtual async Task The_order_is_that_of_the_bytes()
    {
        string[] sorted = ["", "\0", " ", "-", "10", "2", "A", "B", "_", "a", "a\0", "a-b", "aa", "ab", "b", "ä", "\uffff", "😀"];
        await Store.WriteManyAsync(Runs, [.. sorted.Select((text, n) => Json.Create($"d{(n * 7) % 18:D2}", new { time = text }))]);

        Assert.Equal(sorted, await Times(new IndexQuery(ByTime)));
        Assert.Equal(sorted.Reverse(), await Times(new IndexQuery(ByTime) { Descending = true }));
        Assert.Equal(["a", "a\0", "a-b", "aa", "ab"], await Times(new IndexQuery(ByTime) { From = "a", To = "ab" }));
        Assert.Equal(["a"], await Times(new IndexQuery(ByTime) { From = "_a", To = "a" }));
        Assert.Equal(["a"], await Times(new IndexQuery(ByTime, "a")));
        Assert.Equal(["a"], await Times(new IndexQuery(ByTime, "a") { Descending = true }));
        Assert.Equal(["A", "B", "_"], await Times(new IndexQuery(ByTime) { From = "A", To = "_" }));

        async Task<IEnumerable<string>> Times(IndexQuery query) => (await Store.QueryAsync(Runs, query)).Rows.Select(r => r.Key[0]);
    }

    [SkippableFact]
    public async Task Long_values_can_be_asked_for()
    {
        var text = new string('ä', 3000);
        await Add(("1", text, "t1"), ("2", text, "t2"), ("3", text + "x", "t1"));

        var first = await Store.QueryAsync(Runs, new IndexQuery(ByJob, text) { Limit = 1, Descending = true });
        Assert.Equal("2", Assert.Single(first.Rows).Id);
        Assert.Equal(["1"], await Ids(new IndexQuery(ByJob, text) { Limit = 1, Descending = true, Cursor = first.Next }));
    }

    [SkippableFact]
    public async Task What_was_written_is_found_at_once()
    {
        for (var n = 0; n < 20; n++)
        {
            await Add(($"{n:D2}", "x", $"t{n:D2}"));
            Assert.Equal(n + 1, (await Ids(new IndexQuery(ByTime))).Count());
        }
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("with \"quotes\" and \\ and \n")]
    [InlineData("ä€😀")]
    [InlineData("x' OR '1'='1")]
    public async Task Any_text_can_be_looked_for(string value)
    {
        await Store.WriteAsync(Runs, Json.Create("one", new { time = value }));
        await Store.WriteAsync(Runs, Json.Create("two", new { time = "other" }));

        var row = Assert.Single((await Store.QueryAsync(Runs, new IndexQuery(ByTime, value) { IncludeBodies = false })).Rows);
        Assert.Equal("one", row.Id);
        Assert.Equal([value], row.Key);
    }

    [SkippableFact]
    public async Task An_index_added_later_holds_what_was_there_before()
    {
        await Add(("1", "x", "t1"), ("2", "y", "t2"));

        await Store.EnsureCollectionAsync(new CollectionDefinition(Runs, [new IndexDefinition("by_result", "result", "job"), new IndexDefinition("by_extra", "extra")]));
        await Add(("3", "x", "t3"));

        Assert.Equal(["1", "3", "2"], await Ids(new IndexQuery("by_result", "ok")));
        Assert.Empty(await Ids(new IndexQuery("by_extra")));
        Assert.Equal(["1", "2", "3"], await Ids(new IndexQuery(ByTime)));
    }

    [SkippableFact]
    public async Task An_index_with_other_fields_is_rebuilt()
    {
        await Add(("1", "y", "t1"), ("2", "x", "t2"));

        await Store.EnsureCollectionAsync(new CollectionDefinition(Runs, [new IndexDefinition(ByTime, "job", "time")]));

        Assert.Equal(["2", "1"], await Ids(new IndexQuery(ByTime)));
        Assert.Equal(["x", "t2"], (await Store.QueryAsync(Runs, new IndexQuery(ByTime, "x"))).Rows[0].Key);
    }

    [SkippableFact]
    public async Task Queries_that_do_not_fit_are_refused()
    {
        await Refused(new IndexQuery("by_nothing"));
        await Refused(new IndexQuery(ByTime, "a", "b"));
        await Refused(new IndexQuery(ByTime, "a") { From = "b" });
        await Refused(new IndexQuery(ByTime) { Limit = 0 });
        await Refused(new IndexQuery(ByTime) { Limit = 10_001 });
        await Refused(new IndexQuery(ByTime) { Cursor = "made up!" });
        await Add(("1", "x", "t1"), ("2", "x", "t2"));
        var page = await Store.QueryAsync(Runs, new IndexQuery(ByTime) { Limit = 1 });
        await Refused(new IndexQuery(ByJob) { Cursor = page.Next });

        async Task Refused(IndexQuery query) => await Assert.ThrowsAsync<ArgumentException>(async () => await Store.QueryAsync(Runs, query));
    }

    [SkippableFact]
    public async Task A_page_may_have_10000_rows()
    {
        await Store.WriteManyAsync(Runs, [.. Enumerable.Range(0, 10_000).Select(n => Json.Create($"d{n}", new { time = "same" }))]);

        Assert.Equal(10_000, (await Store.QueryAsync(Runs, new IndexQuery(ByTime) { Limit = 10_000, IncludeBodies = false })).Rows.Count);
    }

    private async Task Add(params (string Id, string Job, string Time)[] runs)
    {
        var results = await Store.WriteManyAsync(Runs, [.. runs.Select(r => Json.Create(r.Id, new { job = r.Job, time = r.Time, result = "ok" }))]);
        Assert.All(results, r => Assert.IsType<WriteResult.Written>(r));
    }

    private async Task<IEnumerable<string>> Ids(IndexQuery query) => (await Store.QueryAsync(Runs, query)).Rows.Select(r => r.Id);
}

using System.Globalization;
using CsCheck;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Storage.Documents;

/// <summary>Random histories: the store must answer like a dictionary.</summary>
public abstract class DocumentModelContract : IAsyncLifetime
{
    private static readonly Gen<string?> GenText = Gen.OneOfConst<string?>(null, "", "a", "b", "c", "ca", "ä");

    private static readonly Gen<Step> GenStep = Gen.Frequency(
        (4, Gen.Select(Gen.Int[0, 9], GenText, GenText, (id, x, y) => (Step)new Step.Create($"d{id}", x, y))),
        (4, Gen.Select(Gen.Int[0, 9], GenText, GenText, Gen.Bool, (id, x, y, stale) => (Step)new Step.Replace($"d{id}", x, y, stale))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool, (id, stale) => (Step)new Step.Delete($"d{id}", stale))));

    private static readonly Gen<IndexQuery> GenQuery = Gen.Select(Gen.Bool, GenText, GenText, GenText, Gen.Bool, Gen.Int[1, 5],
        (equal, x, from, to, descending, limit) => new IndexQuery("by_x_y", equal && x is not null ? [x] : [])
        {
            From = from,
            To = to,
            Descending = descending,
            Limit = limit,
        });

    private IDocumentStore _store = null!;
    private int _round;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    /// <summary>How many histories; fewer where each needs a collection that takes long to make.</summary>
    protected virtual int Histories => 200;

    public async Task InitializeAsync() => _store = await OpenAsync();

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableFact]
    public Task The_store_answers_like_a_dictionary() =>
        Gen.Select(GenStep.Array[1, 40], GenQuery.Array[5]).SampleAsync(RunAsync, iter: Histories, threads: 1);

    private async Task RunAsync(Step[] steps, IndexQuery[] queries)
    {
        var collection = string.Create(CultureInfo.InvariantCulture, $"model-{Interlocked.Increment(ref _round)}");
        await _store.EnsureCollectionAsync(new CollectionDefinition(collection, [new IndexDefinition("by_x_y", "x", "y")]));
        var model = new Dictionary<string, Stored>();
        var stale = "0";
        foreach (var step in steps)
        {
            var known = model.GetValueOrDefault(step.Id);
            var result = await _store.WriteAsync(collection, step.ToWrite(known?.Revision ?? stale, stale));
            Assert.Equal(step.Succeeds(known is not null), result is WriteResult.Written);
            if (result is WriteResult.Written written)
            {
                Assert.NotEqual(stale, written.Revision);
                stale = known?.Revision ?? stale;
                if (step.After(written.Revision) is { } after)
                {
                    model[step.Id] = after;
                }
                else
                {
                    model.Remove(step.Id);
                }
            }

            Assert.Equal(model.GetValueOrDefault(step.Id)?.Revision, (await _store.GetAsync(collection, step.Id))?.Revision);
        }

        foreach (var query in queries)
        {
            Assert.Equal(Expected(model, query), await AllPages(collection, query));
        }

        await _store.DropCollectionAsync(collection);
    }

    private static IEnumerable<string> Expected(Dictionary<string, Stored> model, IndexQuery query)
    {
        var rows = model
            .Where(d => d.Value is { X: not null, Y: not null })
            .Select(d => (d.Key, Values: new[] { d.Value.X!, d.Value.Y! }))
            .Where(d => query.Equal.Count == 0 || d.Values[0] == query.Equal[0])
            .Where(d => query.From is null || string.CompareOrdinal(d.Values[query.Equal.Count], query.From) >= 0)
            .Where(d => query.To is null || string.CompareOrdinal(d.Values[query.Equal.Count], query.To) <= 0)
            .OrderBy(d => d.Values[0], StringComparer.Ordinal).ThenBy(d => d.Values[1], StringComparer.Ordinal).ThenBy(d => d.Key, StringComparer.Ordinal)
            .Select(d => d.Key);
        return query.Descending ? rows.Reverse() : rows;
    }

    private async Task<List<string>> AllPages(string collection, IndexQuery query)
    {
        var ids = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = await _store.QueryAsync(collection, query with { Cursor = cursor });
            ids.AddRange(page.Rows.Select(r => r.Id));
            if ((cursor = page.Next) is null)
            {
                return ids;
            }
        }
    }

    private sealed record Stored(string Revision, string? X, string? Y);

    private abstract record Step(string Id)
    {
        public abstract DocumentWrite ToWrite(string current, string stale);

        public abstract bool Succeeds(bool exists);

        public abstract Stored? After(string revision);

        public sealed record Create(string DocumentId, string? X, string? Y) : Step(DocumentId)
        {
            public override DocumentWrite ToWrite(string current, string stale) => Json.Create(Id, new { x = X, y = Y });

            public override bool Succeeds(bool exists) => !exists;

            public override Stored? After(string revision) => new(revision, X, Y);
        }

        public sealed record Replace(string DocumentId, string? X, string? Y, bool Stale) : Step(DocumentId)
        {
            public override DocumentWrite ToWrite(string current, string stale) =>
                new DocumentWrite.Replace(Id, Stale ? stale : current, Json.Body(new { x = X, y = Y }));

            public override bool Succeeds(bool exists) => exists && !Stale;

            public override Stored? After(string revision) => new(revision, X, Y);
        }

        public sealed record Delete(string DocumentId, bool Stale) : Step(DocumentId)
        {
            public override DocumentWrite ToWrite(string current, string stale) => new DocumentWrite.Delete(Id, Stale ? stale : current);

            public override bool Succeeds(bool exists) => exists && !Stale;

            public override Stored? After(string revision) => null;
        }
    }
}

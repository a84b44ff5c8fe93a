using System.Globalization;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dcron.Tests.Storage.Documents.Sqlite;

/// <summary>Every query walks an index and nothing else, in the index's own order.</summary>
public sealed class SqliteIndexUseTests
{
    private static readonly CollectionDefinition Jobs = new("jobs", [new IndexDefinition("by_wake", "wake_at"), new IndexDefinition("by_job", "job_id", "time", "result")]);

    public static TheoryData<string, int, bool, bool, bool, bool, bool> Shapes()
    {
        var shapes = new TheoryData<string, int, bool, bool, bool, bool, bool>();
        foreach (var (index, fields) in new[] { ("by_wake", 1), ("by_job", 3) })
        {
            foreach (var bits in Enumerable.Range(0, 32).Select(n => (From: (n & 1) > 0, To: (n & 2) > 0, Cursor: (n & 4) > 0, Descending: (n & 8) > 0, Bodies: (n & 16) > 0)))
            {
                for (var equal = 0; equal <= (bits.From || bits.To ? fields - 1 : fields); equal++)
                {
                    shapes.Add(index, equal, bits.From, bits.To, bits.Cursor, bits.Descending, bits.Bodies);
                }
            }
        }

        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_query_searches_its_index_and_sorts_nothing(string index, int equalCount, bool hasFrom, bool hasTo, bool hasCursor, bool descending, bool bodies)
    {
        await using var sqlite = new SqliteFixture();
        var store = sqlite.Open();
        await store.EnsureCollectionAsync(Jobs);
        var schema = new CollectionSchema(Jobs.Name, [.. Jobs.Indexes.SelectMany(i => i.Fields)], Jobs.Indexes);
        var shape = new QueryShape(schema.Indexes[index], equalCount, hasFrom, hasTo, hasCursor, descending, bodies);

        var plan = Assert.Single(Plan(sqlite.DatabasePath, shape.ToSql()));

        Assert.StartsWith(bodies ? "SEARCH c_jobs USING INDEX jobs.by_" : "SEARCH c_jobs USING COVERING INDEX jobs.by_", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_few_of_100000_documents_are_found_in_a_few_steps()
    {
        await using var sqlite = new SqliteFixture();
        var store = sqlite.Open();
        await store.EnsureCollectionAsync(Jobs);
        await store.WriteManyAsync(Jobs.Name, [.. Enumerable.Range(0, 100_000).Select(n => Json.Create(
            string.Create(CultureInfo.InvariantCulture, $"job{n:D6}"),
            new { wake_at = string.Create(CultureInfo.InvariantCulture, $"t{n:D6}"), job_id = n < 50_000 ? "x" : "y", time = $"t{n:D6}", result = "ok" }))]);

        await Finds(10, new IndexQuery("by_wake") { To = "t000009" });
        await Finds(10, new IndexQuery("by_wake") { From = "t099990" });
        await Finds(10, new IndexQuery("by_wake") { From = "t050000", To = "t050009", Descending = true });
        await Finds(10, new IndexQuery("by_job", "x") { From = "t049990" });
        await Finds(10, new IndexQuery("by_job", "y") { To = "t050009" });
        await Finds(1, new IndexQuery("by_job", "x", "t012345", "ok"));
        await Finds(0, new IndexQuery("by_job", "z"));
        await Finds(10, new IndexQuery("by_wake") { Cursor = IndexCursor.Of(["t099989"], 0, "job099989") });
        await Finds(10, new IndexQuery("by_job", "x") { From = "t000000", To = "t090000", Cursor = IndexCursor.Of(["x", "t049989", "ok"], 1, "job049989") });
        await Finds(10, new IndexQuery("by_job") { Descending = true, Cursor = IndexCursor.Of(["x", "t000010", "ok"], 0, "job000010") });

        async Task Finds(int rows, IndexQuery query)
        {
            Assert.Equal(rows, (await store.QueryAsync(Jobs.Name, query)).Rows.Count);
            Assert.InRange(Steps(sqlite.DatabasePath, query), 1, 1000);
        }
    }

    /// <summary>Instructions of SQLite's machine that a query takes, a few for each row that it looks at.</summary>
    private static int Steps(string path, IndexQuery query)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        var schema = new CollectionSchema(Jobs.Name, [], Jobs.Indexes);
        var shape = QueryShape.Of(schema.Indexes[query.Index], query);
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle, shape.ToSql(), out var statement), connection.Handle);
        using (statement)
        {
            var cursor = IndexCursor.Parse(query.Cursor, shape.Index.Fields.Count, query.Equal.Count) ?? [];
            string?[] texts = [.. query.Equal, shape.HasFrom ? query.From : null, shape.HasTo ? query.To : null, .. cursor];
            var parameter = 0;
            foreach (var text in texts.OfType<string>())
            {
                raw.sqlite3_bind_text(statement, ++parameter, text);
            }

            raw.sqlite3_bind_int(statement, ++parameter, query.Limit);
            while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
            {
            }

            return raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_VM_STEP, 0);
        }
    }

    private static List<string> Plan(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        var parts = sql.Split('?');
        command.CommandText = "EXPLAIN QUERY PLAN " + string.Concat(parts.Select((p, i) => i == 0 ? p : $"$p{i}{p}"));
        for (var i = 1; i < parts.Length; i++)
        {
            command.Parameters.AddWithValue($"$p{i}", i == parts.Length - 1 ? 10 : "x");
        }

        using var reader = command.ExecuteReader();
        var plan = new List<string>();
        while (reader.Read())
        {
            plan.Add(reader.GetString(3));
        }

        return plan;
    }
}

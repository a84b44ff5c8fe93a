using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>All collections at one generation. Each change of a collection or index, by whatever process, makes a new generation.</summary>
internal sealed class Catalogue(long generation, FrozenDictionary<string, CollectionSchema> collections)
{
    /// <summary>The version of the tables that this code reads and writes.</summary>
    public const int CurrentSchema = 1;

    public long Generation { get; } = generation;

    public CollectionSchema? Find(string collection) => collections.GetValueOrDefault(collection);

    /// <summary>Makes the store's own tables in an empty file.</summary>
    public static void Create(SqliteDatabase database)
    {
        database.Execute("CREATE TABLE IF NOT EXISTS dcron_meta(one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER NOT NULL, generation INTEGER NOT NULL, revision INTEGER NOT NULL)");
        database.Execute($"INSERT INTO dcron_meta(one, schema, generation, revision) VALUES (1, {CurrentSchema}, 0, 0) ON CONFLICT DO NOTHING");
        database.Execute("CREATE TABLE IF NOT EXISTS dcron_collections(name TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID");
    }

    /// <summary>Reads the catalogue; generation and collections belong together.</summary>
    public static Catalogue Load(SqliteDatabase database)
    {
        if (database.InTransaction)
        {
            return Read(database);
        }

        database.Execute("BEGIN");
        try
        {
            return Read(database);
        }
        finally
        {
            database.Rollback();
        }
    }

    /// <summary>Creates what is missing of a collection, and rebuilds indexes that have other fields now. Indexes that the definition does not name stay:
    /// a newer dcron in the same cluster may need them.</summary>
    public void Ensure(SqliteDatabase database, CollectionDefinition definition)
    {
        var current = Find(definition.Name);
        var fields = definition.Indexes.SelectMany(i => i.Fields).Distinct(StringComparer.Ordinal);
        var wanted = new CollectionSchema(
            definition.Name,
            [.. (current?.Fields ?? []).Union(fields, StringComparer.Ordinal)],
            [.. definition.Indexes.Concat(Kept(current, definition))]);

        if (current is null)
        {
            var columns = string.Concat(wanted.Fields.Select(f => $"{CollectionSchema.ColumnOf(f)} TEXT, "));
            // A row id keeps bodies of some kilobytes in one leaf page; the b-tree of a table without one spills each over 1 kB.
            database.Execute($"CREATE TABLE {wanted.Table}(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rev INTEGER NOT NULL, {columns}body TEXT NOT NULL)");
        }
        else
        {
            AddColumns(database, wanted, [.. wanted.Fields.Except(current.Fields, StringComparer.Ordinal)]);
        }

        foreach (var old in current?.Indexes.Values.Where(o => wanted.Indexes.Values.All(w => w.SqlName != o.SqlName)) ?? [])
        {
            database.Execute($"DROP INDEX IF EXISTS {old.SqlName}");
        }

        foreach (var index in wanted.Indexes.Values)
        {
            database.Execute($"CREATE INDEX IF NOT EXISTS {index.SqlName} ON {wanted.Table}({string.Join(", ", index.Columns)}, id) "
                + $"WHERE {string.Join(" AND ", index.Columns.Select(c => c + " IS NOT NULL"))}");
        }

        Save(database, wanted);
    }

    /// <returns>False when there was none.</returns>
    public bool Drop(SqliteDatabase database, string collection)
    {
        if (Find(collection) is not { } schema)
        {
            return false;
        }

        database.Execute($"DROP TABLE {schema.Table}");
        using var delete = database.Prepare("DELETE FROM dcron_collections WHERE name = ?");
        delete.BindText(1, collection);
        delete.Run();
        database.Execute("UPDATE dcron_meta SET generation = generation + 1");
        return true;
    }

    private static Catalogue Read(SqliteDatabase database)
    {
        var collections = new Dictionary<string, CollectionSchema>(StringComparer.Ordinal);
        using (var rows = database.Prepare("SELECT name, definition FROM dcron_collections"))
        {
            while (rows.Step())
            {
                var stored = JsonSerializer.Deserialize(rows.Bytes(1), CatalogueJson.Default.StoredCollection)!;
                var name = rows.Text(0);
                collections.Add(name, new CollectionSchema(name, stored.Fields, [.. stored.Indexes.Select(i => new IndexDefinition(i.Name, i.Fields))]));
            }
        }

        using var generation = database.Prepare("SELECT generation FROM dcron_meta");
        generation.Step();
        return new Catalogue(generation.Int64(0), collections.ToFrozenDictionary(StringComparer.Ordinal));
    }

    private static IEnumerable<IndexDefinition> Kept(CollectionSchema? current, CollectionDefinition definition) =>
        current?.Indexes.Where(i => definition.Indexes.All(d => d.Name != i.Key)).Select(i => new IndexDefinition(i.Key, i.Value.Fields)) ?? [];

    private static void AddColumns(SqliteDatabase database, CollectionSchema wanted, IReadOnlyList<string> fields)
    {
        if (fields.Count == 0)
        {
            return;
        }

        foreach (var field in fields)
        {
            database.Execute($"ALTER TABLE {wanted.Table} ADD COLUMN {CollectionSchema.ColumnOf(field)} TEXT");
        }

        var values = fields.Select(f => $"{CollectionSchema.ColumnOf(f)} = CASE json_type(body, '$.{f}') WHEN 'text' THEN json_extract(body, '$.{f}') END");
        database.Execute($"UPDATE {wanted.Table} SET {string.Join(", ", values)}");
    }

    private static void Save(SqliteDatabase database, CollectionSchema schema)
    {
        var stored = new StoredCollection(schema.Fields, [.. schema.Indexes.Select(i => new StoredIndex(i.Key, i.Value.Fields))]);
        using var save = database.Prepare("INSERT INTO dcron_collections(name, definition) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET definition = excluded.definition");
        save.BindText(1, schema.Name);
        save.BindText(2, JsonSerializer.SerializeToUtf8Bytes(stored, CatalogueJson.Default.StoredCollection));
        save.Run();
        database.Execute("UPDATE dcron_meta SET generation = generation + 1");
    }
}

internal sealed record StoredCollection(IReadOnlyList<string> Fields, IReadOnlyList<StoredIndex> Indexes);

internal sealed record StoredIndex(string Name, IReadOnlyList<string> Fields);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StoredCollection))]
internal sealed partial class CatalogueJson : JsonSerializerContext;

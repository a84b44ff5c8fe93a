using System.Text.Json;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// A collection as a database: its indexes are the views of one design document, <c>_design/dcron</c>, which is also the sign that
/// the database is whole. One design document for all of them, because CouchDB then reads each changed document once.
/// </summary>
/// <param name="Database">Name of the database.</param>
/// <param name="Revision">Of the design document; null where it has none yet.</param>
/// <param name="Incarnation">Random; another one when a database of that name is made again.</param>
/// <param name="Indexes">The fields of each index.</param>
internal sealed record CouchCollection(string Database, string? Revision, string Incarnation, IReadOnlyDictionary<string, IReadOnlyList<string>> Indexes)
{
    public const int CurrentSchema = 1;

    public const string DesignDocument = "_design/dcron";

    /// <summary>Holds the views of the next design document while they are built, so that the queries of others go on meanwhile.</summary>
    public const string NextDesignDocument = "_design/dcron-next";

    /// <summary>True when all that the definition asks for is here already.</summary>
    public bool Satisfies(CollectionDefinition definition) => Revision is not null
        && definition.Indexes.All(i => Indexes.TryGetValue(i.Name, out var fields) && fields.SequenceEqual(i.Fields, StringComparer.Ordinal));

    /// <summary>With the indexes of the definition. Those that it does not name stay: a newer dcron in the same cluster may need them.</summary>
    public CouchCollection With(CollectionDefinition definition)
    {
        var indexes = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (name, fields) in Indexes.Concat(definition.Indexes.Select(i => KeyValuePair.Create(i.Name, i.Fields))))
        {
            indexes[name] = fields;
        }

        return this with { Indexes = indexes };
    }

    public static CouchCollection Empty(string database) => new(database, null, Guid.NewGuid().ToString("N"), new Dictionary<string, IReadOnlyList<string>>());

    /// <summary>
    /// Name of the view of an index. It holds the fields, so that a question meant for what the index was before somebody redefined it
    /// finds nothing instead of the wrong rows.
    /// </summary>
    public static string ViewOf(string index, IReadOnlyList<string> fields) => $"{index}.{string.Join('.', fields)}";

    /// <exception cref="JsonException">It is no such document.</exception>
    public static (CouchCollection Collection, int Schema) Read(string database, ReadOnlyMemory<byte> design)
    {
        var stored = JsonSerializer.Deserialize(design.Span, CouchJson.Default.StoredDesign) ?? throw new JsonException("it is null");
        return (new CouchCollection(database, stored.Revision, stored.Dcron.Incarnation, stored.Dcron.Indexes), stored.Dcron.Schema);
    }

    /// <param name="revision">Of the document that is replaced; null for none.</param>
    public byte[] ToDesign(string? revision)
    {
        var views = Indexes.ToDictionary(i => ViewOf(i.Key, i.Value), i => new StoredView(Map(i.Value), StoredViewOptions.ByteOrder), StringComparer.Ordinal);
        return JsonSerializer.SerializeToUtf8Bytes(new StoredDesign(revision, "javascript", new StoredCollection(CurrentSchema, Incarnation, Indexes), views), CouchJson.Default.StoredDesign);
    }

    // Only documents with a text in each field are in an index; names of fields are letters, digits and '_' (DocumentRules).
    private static string Map(IReadOnlyList<string> fields) =>
        $$"""function (doc) { var b = doc.body; if (b && {{string.Join(" && ", fields.Select(f => $"typeof b.{f} === \"string\""))}}) { emit([{{string.Join(", ", fields.Select(f => "b." + f))}}], null); } }""";
}

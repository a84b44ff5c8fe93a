using System.Text;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>
/// A collection as it lies in the database: one table with the document and a column for each indexed field. The columns are filled when
/// the document is written; indexes over <c>json_extract</c> would parse each document again for each index, and the old
/// one too on a replacement. The compared objects are identities: another generation of the catalogue has others.
/// </summary>
internal sealed class CollectionSchema
{
    public CollectionSchema(string name, IReadOnlyList<string> fields, IReadOnlyList<IndexDefinition> indexes)
    {
        Name = name;
        Table = $"\"c_{name}\"";
        Fields = fields;
        FieldNames = [.. fields.Select(Encoding.UTF8.GetBytes)];
        Indexes = indexes.ToDictionary(i => i.Name, i => new IndexSchema(this, i), StringComparer.Ordinal);
    }

    public string Name { get; }

    /// <summary>Name of the table, quoted.</summary>
    public string Table { get; }

    /// <summary>Fields that have a column of their own, in the order in which writes bind them.</summary>
    public IReadOnlyList<string> Fields { get; }

    public byte[][] FieldNames { get; }

    public IReadOnlyDictionary<string, IndexSchema> Indexes { get; }

    /// <summary>True when all that the definition asks for is here already.</summary>
    public bool Satisfies(CollectionDefinition definition) =>
        definition.Indexes.All(i => Indexes.TryGetValue(i.Name, out var index) && index.Fields.SequenceEqual(i.Fields, StringComparer.Ordinal));

    /// <summary>The column of a field, quoted. SQLite's column names ignore case, fields do not.</summary>
    public static string ColumnOf(string field)
    {
        var name = new StringBuilder("\"f_");
        foreach (var c in field)
        {
            name.Append(char.IsAsciiLetterUpper(c) ? "^" : "").Append(c);
        }

        return name.Append('"').ToString();
    }
}

/// <summary>An index of a collection.</summary>
internal sealed class IndexSchema(CollectionSchema collection, IndexDefinition definition)
{
    public CollectionSchema Collection { get; } = collection;

    public IReadOnlyList<string> Fields { get; } = definition.Fields;

    public IReadOnlyList<string> Columns { get; } = [.. definition.Fields.Select(CollectionSchema.ColumnOf)];

    /// <summary>
    /// Name of the index in the database, quoted. It holds the fields, so that a query prepared for what the index was before
    /// another process redefined it fails instead of reading the wrong one.
    /// </summary>
    public string SqlName { get; } = $"\"{collection.Name}.{definition.Name}({string.Join(',', definition.Fields)})\"";
}

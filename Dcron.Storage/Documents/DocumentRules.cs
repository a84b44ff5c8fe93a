namespace Dcron.Storage.Documents;

/// <summary>What every adapter refuses alike, so that a body or a name that one store takes does not fail on another.</summary>
internal static class DocumentRules
{
    private const int MaxCollectionName = 60;
    private const int MaxId = 400;
    private const int MaxFields = 4;
    private const int MaxLimit = 10_000;

    // CouchDB takes 8 MB, and stops to be quick well before.
    private const int MaxBody = 4_000_000;

    /// <exception cref="ArgumentException">Not a collection name.</exception>
    public static void CheckCollection(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxCollectionName || !char.IsAsciiLetterLower(name[0]) || !name.All(c => IsLowerOrDigit(c) || c is '_' or '-'))
        {
            throw new ArgumentException($"'{name}' is not a collection name: lower case letters, digits, '_' and '-', beginning with a letter, at most {MaxCollectionName}");
        }
    }

    /// <exception cref="ArgumentException">Not a document id.</exception>
    public static void CheckId(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id.Length is 0 or > MaxId || id[0] == '_' || id.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ArgumentException($"'{id}' is not a document id: 1 to {MaxId} characters of printable ASCII, not beginning with '_'");
        }
    }

    /// <exception cref="ArgumentException">Not a document id, or the body is too large.</exception>
    public static void CheckWrite(DocumentWrite write)
    {
        ArgumentNullException.ThrowIfNull(write);
        CheckId(write.Id);
        var size = write switch
        {
            DocumentWrite.Create create => create.Body.Length,
            DocumentWrite.Replace replace => replace.Body.Length,
            _ => 0,
        };
        if (size > MaxBody)
        {
            throw new ArgumentException($"the body of document '{write.Id}' has {size} bytes; a document may have {MaxBody}");
        }
    }

    /// <exception cref="ArgumentException">A name in it is none, comes twice, or an index has no fields or too many.</exception>
    public static void CheckDefinition(CollectionDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        CheckCollection(definition.Name);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var index in definition.Indexes)
        {
            if (index.Name.Length is 0 or > MaxCollectionName || !index.Name.All(c => IsLowerOrDigit(c) || c == '_'))
            {
                throw new ArgumentException($"'{index.Name}' is not an index name: lower case letters, digits and '_', at most {MaxCollectionName}");
            }

            if (!names.Add(index.Name))
            {
                throw new ArgumentException($"collection '{definition.Name}' defines index '{index.Name}' twice");
            }

            if (index.Fields.Count is 0 or > MaxFields || index.Fields.Distinct(StringComparer.Ordinal).Count() != index.Fields.Count)
            {
                throw new ArgumentException($"index '{index.Name}' of collection '{definition.Name}' must have one to {MaxFields} different fields");
            }

            foreach (var field in index.Fields)
            {
                CheckField(field);
            }
        }
    }

    /// <exception cref="ArgumentException">The limit is out of its range.</exception>
    public static void CheckLimit(IndexQuery query)
    {
        if (query.Limit is < 1 or > MaxLimit)
        {
            throw new ArgumentException($"a page has 1 to {MaxLimit} rows, not {query.Limit}");
        }
    }

    /// <exception cref="ArgumentException">The query does not fit an index of these fields.</exception>
    public static void CheckQuery(IndexQuery query, IReadOnlyList<string> fields)
    {
        if (query.Equal.Count > fields.Count)
        {
            throw new ArgumentException($"index '{query.Index}' has {fields.Count} fields, the query gives values for {query.Equal.Count}");
        }

        if (query.Equal.Count == fields.Count && (query.From ?? query.To) is not null)
        {
            throw new ArgumentException($"index '{query.Index}' has no field after the {fields.Count} equal ones that bounds could apply to");
        }
    }

    private static void CheckField(string field)
    {
        if (field.Length is 0 or > MaxCollectionName || !(char.IsAsciiLetter(field[0])) || !field.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ArgumentException($"'{field}' can't be indexed: field names are letters, digits and '_', beginning with a letter, at most {MaxCollectionName}");
        }
    }

    private static bool IsLowerOrDigit(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}

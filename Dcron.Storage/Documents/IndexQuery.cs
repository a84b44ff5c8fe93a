namespace Dcron.Storage.Documents;

/// <summary>A range of a named index: equality on the first fields, then bounds on the next one.</summary>
/// <param name="Index">Name of an index of the collection.</param>
/// <param name="Equal">Values that the first fields must have, in order; may be empty.</param>
public sealed record IndexQuery(string Index, params IReadOnlyList<string> Equal)
{
    /// <summary>Inclusive lower bound of the field after the equal ones; null for none.</summary>
    public string? From { get; init; }

    /// <summary>Inclusive upper bound of the field after the equal ones; null for none.</summary>
    public string? To { get; init; }

    /// <summary>Reverses the whole order, ids included.</summary>
    public bool Descending { get; init; }

    /// <summary>Rows in a page, 1 to 10,000.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>The <see cref="DocumentPage.Next"/> of the page before; null for the first. Belongs to the same query.</summary>
    public string? Cursor { get; init; }

    /// <summary>False answers rows from the index alone (keys, no bodies), which is much cheaper.</summary>
    public bool IncludeBodies { get; init; } = true;

    /// <summary>The same query from behind one of its rows on, which may have come with any page.</summary>
    public IndexQuery After(IndexRow row) => this with { Cursor = IndexCursor.Of(row.Key, Equal.Count, row.Id) };
}

/// <summary>One page of rows.</summary>
/// <param name="Rows">At most <see cref="IndexQuery.Limit"/>.</param>
/// <param name="Next">Cursor of the next page; null when this is the last. The page after the last row may be empty.</param>
public sealed record DocumentPage(IReadOnlyList<IndexRow> Rows, string? Next);

/// <summary>One row of an index.</summary>
/// <param name="Id">The document's id.</param>
/// <param name="Key">The values of the index's fields.</param>
/// <param name="Document">The document; null when the query asked for keys only.</param>
public sealed record IndexRow(string Id, IReadOnlyList<string> Key, Document? Document);

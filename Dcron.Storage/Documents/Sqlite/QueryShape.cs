namespace Dcron.Storage.Documents.Sqlite;

/// <summary>All that the text of a query's statement depends on.</summary>
internal readonly record struct QueryShape(IndexSchema Index, int EqualCount, bool HasFrom, bool HasTo, bool HasCursor, bool Descending, bool IncludeBodies)
{
    public static QueryShape Of(IndexSchema index, IndexQuery query) => new(
        index,
        query.Equal.Count,
        // The cursor lies inside the bounds, so it takes the place of the one that the page before has passed.
        query.From is not null && (query.Cursor is null || query.Descending),
        query.To is not null && (query.Cursor is null || !query.Descending),
        query.Cursor is not null,
        query.Descending,
        query.IncludeBodies);

    /// <summary>The statement. Parameters: equal values, from, to, values of the cursor, limit.</summary>
    public string ToSql()
    {
        var columns = Index.Columns;
        var conditions = columns.Select(c => c + " IS NOT NULL").Concat(columns.Take(EqualCount).Select(c => c + " = ?")).ToList();
        if (HasFrom)
        {
            conditions.Add(columns[EqualCount] + " >= ?");
        }

        if (HasTo)
        {
            conditions.Add(columns[EqualCount] + " <= ?");
        }

        if (HasCursor)
        {
            var order = columns.Skip(EqualCount).Append("id").ToArray();
            conditions.Add($"({string.Join(", ", order)}) {(Descending ? '<' : '>')} ({string.Join(", ", order.Select(_ => "?"))})");
        }

        var direction = Descending ? " DESC" : "";
        return $"SELECT id{string.Concat(columns.Select(c => ", " + c))}{(IncludeBodies ? ", rev, body" : "")} "
            + $"FROM {Index.Collection.Table} INDEXED BY {Index.SqlName} WHERE {string.Join(" AND ", conditions)} "
            + $"ORDER BY {string.Join(", ", columns.Append("id").Select(c => c + direction))} LIMIT ?";
    }
}

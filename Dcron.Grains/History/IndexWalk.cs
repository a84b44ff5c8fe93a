using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

/// <summary>
/// Goes down ranges of one collection's indexes together, by what follows their equal values and then by id, the greatest first. Little is read
/// where the first rows are enough; each further page is larger than the one before.
/// </summary>
/// <param name="store">Where.</param>
/// <param name="collection">The collection.</param>
/// <param name="ranges">All descending; their limit is the size of the first page.</param>
/// <param name="mostAtOnce">Size of the largest page.</param>
internal sealed class IndexWalk(IDocumentStore store, string collection, IReadOnlyList<IndexQuery> ranges, int mostAtOnce)
{
    private const int Growth = 4;

    private readonly Range[] _ranges = [.. ranges.Select(range => new Range(range))];

    /// <summary>False where there is surely nothing behind the last row.</summary>
    public bool MayGoOn => Array.Exists(_ranges, range => range.MayGoOn);

    /// <returns>Null at the end.</returns>
    public async ValueTask<IndexRow?> NextAsync(CancellationToken cancellationToken)
    {
        Range? first = null;
        foreach (var range in _ranges)
        {
            if (range.Head is null && range.MayGoOn)
            {
                await ReadAsync(range, cancellationToken);
            }

            if (range.Head is not null && (first is null || IsBefore(range, first)))
            {
                first = range;
            }
        }

        return first?.Take();
    }

    private async ValueTask ReadAsync(Range range, CancellationToken cancellationToken)
    {
        // A page may be empty and still not be the last.
        while (range.Head is null && range.MayGoOn)
        {
            range.Show(await store.QueryAsync(collection, range.Rest, cancellationToken), mostAtOnce);
        }
    }

    private static bool IsBefore(Range range, Range other)
    {
        var (left, right) = (range.Head!, other.Head!);
        for (var (i, j) = (range.Rest.Equal.Count, other.Rest.Equal.Count); i < left.Key.Count && j < right.Key.Count; i++, j++)
        {
            if (string.CompareOrdinal(left.Key[i], right.Key[j]) is var order and not 0)
            {
                return order > 0;
            }
        }

        return string.CompareOrdinal(left.Id, right.Id) > 0;
    }

    private sealed class Range(IndexQuery query)
    {
        private IReadOnlyList<IndexRow> _rows = [];
        private int _at;
        private bool _isRead;

        /// <summary>Asks for what follows the page at hand.</summary>
        public IndexQuery Rest { get; private set; } = query;

        public IndexRow? Head => _at < _rows.Count ? _rows[_at] : null;

        public bool MayGoOn => Head is not null || !_isRead;

        public IndexRow Take() => _rows[_at++];

        public void Show(DocumentPage page, int mostAtOnce)
        {
            (_rows, _at, _isRead) = (page.Rows, 0, page.Next is null);
            Rest = Rest with { Cursor = page.Next, Limit = Math.Min(mostAtOnce, Rest.Limit * Growth) };
        }
    }
}

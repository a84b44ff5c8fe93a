using System.Text;
using System.Text.Json;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>A page of an index as a question to a view, and the rows that came back.</summary>
internal sealed class ViewPage
{
    private const int MaxUrl = 2000;

    private readonly IndexQuery _query;
    private readonly IReadOnlyList<string> _fields;
    private readonly IReadOnlyList<string>? _after;
    private readonly byte[][] _fieldNames;
    private readonly string _incarnation;

    /// <param name="query">What is asked for.</param>
    /// <param name="fields">Of the index.</param>
    /// <param name="incarnation">Of the database.</param>
    /// <exception cref="ArgumentException">The query, or its cursor, does not fit an index of these fields.</exception>
    public ViewPage(IndexQuery query, IReadOnlyList<string> fields, string incarnation)
    {
        DocumentRules.CheckQuery(query, fields);
        (_query, _fields, _incarnation) = (query, fields, incarnation);
        _after = IndexCursor.Parse(query.Cursor, fields.Count, query.Equal.Count);
        _fieldNames = [.. fields.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>True where no row can match, which CouchDB takes for a mistake.</summary>
    public bool IsEmpty => _query is { From: { } from, To: { } to } && InByteOrder(from, to) > 0;

    /// <summary>The parameters: in the URL, or where they are long, in the body.</summary>
    public (string Query, byte[]? Body) ToRequest()
    {
        var question = Question();
        var url = new StringBuilder($"?limit={question.Limit}");
        Add("startkey", Json(question.StartKey));
        Add("startkey_docid", question.StartKeyDocId); // an id is no JSON there
        Add("endkey", Json(question.EndKey));
        url.Append(question.InclusiveEnd == false ? "&inclusive_end=false" : "")
            .Append(question.Descending == true ? "&descending=true" : "")
            .Append(question.IncludeDocs == true ? "&include_docs=true" : "");
        return url.Length <= MaxUrl ? (url.ToString(), null) : ("", JsonSerializer.SerializeToUtf8Bytes(question, CouchJson.Default.ViewQuestion));

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                url.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        static string? Json(IReadOnlyList<string>? key) => key is null ? null : JsonSerializer.Serialize(key, CouchJson.Default.IReadOnlyListString);
    }

    /// <exception cref="JsonException">It is no answer of a view.</exception>
    public DocumentPage Read(ReadOnlyMemory<byte> answer)
    {
        var rows = new List<IndexRow>();
        IndexRow? last = null;
        var reader = new Utf8JsonReader(answer.Span);
        var count = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRows = reader.ValueTextEquals("rows"u8);
            reader.Read();
            if (!isRows)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                var (row, isGone) = ReadRow(ref reader, answer);
                if (IsBehindCursor(row) || count == _query.Limit)
                {
                    continue;
                }

                count++;
                last = row;
                if (!isGone && Current(row) is { } current)
                {
                    rows.Add(current);
                }
            }
        }

        return new DocumentPage(rows, count == _query.Limit ? IndexCursor.Of(last!.Key, _query.Equal.Count, last.Id) : null);
    }

    private ViewQuestion Question()
    {
        // The first text after another one, in byte order, is that one with a zero byte at its end.
        IReadOnlyList<string>? low = _query.From is { } from ? [.. _query.Equal, from] : _query.Equal.Count > 0 ? _query.Equal : null;
        IReadOnlyList<string>? high = _query.To is { } to ? [.. _query.Equal, to + "\0"]
            : _query.Equal.Count > 0 ? [.. _query.Equal.SkipLast(1), _query.Equal[^1] + "\0"] : null;
        var start = _query.Descending ? high : low;
        if (_after is not null)
        {
            start = [.. _query.Equal, .. _after.SkipLast(1)];
        }

        return new ViewQuestion(
            start,
            _after?[^1],
            _query.Descending ? low : high,
            _query.Descending || high is null ? null : false,
            _query.Descending ? true : null,
            _query.IncludeBodies ? true : null,
            _query.Limit + (_after is null ? 0 : 1)); // a view begins with the row that the cursor names, where it is still there
    }

    private (IndexRow Row, bool IsGone) ReadRow(ref Utf8JsonReader reader, ReadOnlyMemory<byte> answer)
    {
        string? id = null;
        var key = new List<string>(_fields.Count);
        Document? document = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                id = reader.GetString();
            }
            else if (reader.ValueTextEquals("key"u8))
            {
                reader.Read();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    key.Add(reader.GetString()!);
                }
            }
            else if (reader.ValueTextEquals("doc"u8))
            {
                reader.Read();
                document = CouchEnvelope.Read(ref reader, answer, _incarnation);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return id is null || key.Count != _fields.Count
            ? throw new JsonException("a row without an id, or with another key than asked for")
            : (new IndexRow(id, key, document), _query.IncludeBodies && document is null);
    }

    private bool IsBehindCursor(IndexRow row) =>
        _after is not null && row.Id == _after[^1] && row.Key.Skip(_query.Equal.Count).SequenceEqual(_after.SkipLast(1), StringComparer.Ordinal);

    /// <summary>
    /// The row as its document is now. CouchDB reads documents a moment after the index: one that has changed in between stays while it
    /// is in the range at all, because the row of its new place may not have been in the index yet.
    /// </summary>
    private IndexRow? Current(IndexRow row)
    {
        if (row.Document is null)
        {
            return IsInRange(row.Key) ? row : null;
        }

        var body = row.Document.Body.Span;
        var key = new string[_fields.Count];
        var texts = IndexedFields.Read(body, _fieldNames);
        for (var i = 0; i < key.Length; i++)
        {
            if (!texts[i].IsText)
            {
                return null;
            }

            key[i] = Encoding.UTF8.GetString(texts[i].In(body));
        }

        return IsInRange(key) ? row with { Key = key } : null;
    }

    private bool IsInRange(IReadOnlyList<string> key)
    {
        for (var i = 0; i < _query.Equal.Count; i++)
        {
            if (key[i] != _query.Equal[i])
            {
                return false;
            }
        }

        return (_query.From is null || InByteOrder(_query.From, key[_query.Equal.Count]) <= 0)
            && (_query.To is null || InByteOrder(key[_query.Equal.Count], _query.To) <= 0);
    }

    private static int InByteOrder(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));
}

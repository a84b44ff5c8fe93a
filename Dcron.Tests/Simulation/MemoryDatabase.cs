using System.Globalization;
using System.Text.Json;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>A document store in memory for one thread: revisions, conflicts and index ranges as in the others.</summary>
internal sealed class MemoryDatabase : IDocumentStore
{
    private readonly SortedDictionary<string, Collection> _collections = new(StringComparer.Ordinal);
    private long _revisions;

    public IEnumerable<string> Collections => _collections.Keys;

    public ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckDefinition(definition);
        if (!_collections.TryGetValue(definition.Name, out var collection))
        {
            _collections.Add(definition.Name, collection = new Collection());
        }

        foreach (var index in definition.Indexes)
        {
            collection.Add(index);
        }

        return default;
    }

    public ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default) => new(_collections.Remove(collection));

    public ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default) =>
        new([.. _collections.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))]);

    public ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) =>
        new(Find(collection, id));

    public Document? Find(string collection, string id) => _collections.GetValueOrDefault(collection)?.Documents.GetValueOrDefault(id);

    public async ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default)
    {
        var found = new List<Document?>(ids.Count);
        foreach (var id in ids)
        {
            found.Add(await GetAsync(collection, id, cancellationToken));
        }

        return found;
    }

    public ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default) => new(Write(collection, write));

    public ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default) =>
        new([.. writes.Select(write => Write(collection, write))]);

    public ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default)
    {
        if (!_collections.TryGetValue(collection, out var found))
        {
            return new(new DocumentPage([], null));
        }

        var (rows, skipped) = found.Indexes[query.Index].Range(query);
        var page = rows.Skip(skipped).Take(query.Limit + 1).Select(entry => new IndexRow(entry.Id, entry.Key, query.IncludeBodies ? found.Documents[entry.Id] : null)).ToList();
        var isLast = page.Count <= query.Limit;
        page = isLast ? page : page[..^1];
        return new(new DocumentPage(page, isLast ? null : Index.CursorOf(page[^1])));
    }

    /// <summary>All documents of a collection, in the order of their ids; none where there is no such collection.</summary>
    public IEnumerable<Document> All(string collection) => _collections.TryGetValue(collection, out var found) ? found.Documents.Values : [];

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => default;

    private WriteResult Write(string name, DocumentWrite write)
    {
        if (!_collections.TryGetValue(name, out var collection))
        {
            throw new InvalidOperationException($"There is no collection '{name}'.");
        }

        var stored = collection.Documents.GetValueOrDefault(write.Id);
        var (body, expected) = write switch
        {
            DocumentWrite.Create create => (create.Body, null),
            DocumentWrite.Replace replace => (replace.Body, replace.Revision),
            DocumentWrite.Delete delete => (default(ReadOnlyMemory<byte>), delete.Revision),
            _ => throw new System.Diagnostics.UnreachableException($"{write}"),
        };
        if (stored?.Revision != expected)
        {
            return WriteResult.Conflict.Instance;
        }

        var revision = (++_revisions).ToString(CultureInfo.InvariantCulture);
        if (write is DocumentWrite.Delete)
        {
            collection.Remove(write.Id);
        }
        else
        {
            collection.Put(new Document(write.Id, revision, body.ToArray()));
        }

        return new WriteResult.Written(revision);
    }

    private sealed class Collection
    {
        public SortedDictionary<string, Document> Documents { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, Index> Indexes { get; } = new(StringComparer.Ordinal);

        public void Add(IndexDefinition definition)
        {
            if (!Indexes.ContainsKey(definition.Name))
            {
                var index = Indexes[definition.Name] = new Index(definition.Fields);
                foreach (var document in Documents.Values)
                {
                    using var json = JsonDocument.Parse(document.Body);
                    index.Put(document.Id, json.RootElement);
                }
            }
        }

        public void Put(Document document)
        {
            Documents[document.Id] = document;
            if (Indexes.Count > 0)
            {
                using var json = JsonDocument.Parse(document.Body);
                foreach (var index in Indexes.Values)
                {
                    index.Put(document.Id, json.RootElement);
                }
            }
        }

        public void Remove(string id)
        {
            Documents.Remove(id);
            foreach (var index in Indexes.Values)
            {
                index.Remove(id);
            }
        }
    }

    private sealed class Index(IReadOnlyList<string> fields)
    {
        // Sorts after whatever a document has in a field.
        private const string Beyond = "\uffff";

        private readonly SortedSet<(string[] Key, string Id)> _entries = new(Comparer<(string[] Key, string Id)>.Create(Compare));
        private readonly Dictionary<string, string[]> _keys = new(StringComparer.Ordinal);

        public static string CursorOf(IndexRow row) => string.Join('\n', row.Key.Append(row.Id));

        public void Put(string id, JsonElement body)
        {
            Remove(id);
            if (KeyOf(body) is { } key)
            {
                _keys[id] = key;
                _entries.Add((key, id));
            }
        }

        public void Remove(string id)
        {
            if (_keys.Remove(id, out var key))
            {
                _entries.Remove((key, id));
            }
        }

        /// <returns>What the query asks for, from its cursor on, and how many of these were told before.</returns>
        public (IEnumerable<(string[] Key, string Id)> Rows, int Skipped) Range(IndexQuery query)
        {
            (string[] Key, string Id) from = ([.. query.Equal, .. query.From is null ? Array.Empty<string>() : [query.From]], "");
            (string[] Key, string Id) to = ([.. query.Equal, .. query.To is null ? Array.Empty<string>() : [query.To], Beyond], "");
            if (query.Cursor is not null)
            {
                (from, to) = query.Descending ? (from, EntryOf(query.Cursor)) : (EntryOf(query.Cursor), to);
            }

            if (Compare(from, to) > 0)
            {
                return ([], 0);
            }

            var rows = _entries.GetViewBetween(from, to);
            return (query.Descending ? rows.Reverse() : rows, query.Cursor is not null && rows.Contains(EntryOf(query.Cursor)) ? 1 : 0);
        }

        private static (string[] Key, string Id) EntryOf(string cursor) => cursor.Split('\n') is var parts ? (parts[..^1], parts[^1]) : default;

        private static int Compare((string[] Key, string Id) a, (string[] Key, string Id) b)
        {
            for (var i = 0; i < a.Key.Length && i < b.Key.Length; i++)
            {
                if (string.CompareOrdinal(a.Key[i], b.Key[i]) is not 0 and var order)
                {
                    return order;
                }
            }

            return a.Key.Length != b.Key.Length ? a.Key.Length - b.Key.Length : string.CompareOrdinal(a.Id, b.Id);
        }

        private string[]? KeyOf(JsonElement body)
        {
            var key = new string[fields.Count];
            for (var i = 0; i < key.Length; i++)
            {
                if (!body.TryGetProperty(fields[i], out var value) || value.ValueKind != JsonValueKind.String)
                {
                    return null;
                }

                key[i] = value.GetString()!;
            }

            return key;
        }
    }
}

using System.Collections.Concurrent;
using System.Text.Json;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// Documents in Apache CouchDB: a database for each collection, named after <see cref="CouchDbOptions.Database"/> and the collection, with one copy of
/// each document. With one copy a conditional write has exactly one winner; with three even an acknowledged one can lose.
/// </summary>
internal sealed class CouchDbDocumentStore : IDocumentStore, IAsyncDisposable, IDisposable
{
    private const int MaxKeysPerRequest = 1000;

    private static readonly TimeSpan PauseBeforeAskingAgain = TimeSpan.FromMilliseconds(50);

    private readonly CouchHttp _http;
    private readonly CouchCollections _collections;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, CouchWriter> _writers = new(StringComparer.Ordinal);

    /// <param name="options">Valid settings.</param>
    /// <param name="time">For time-outs and pauses.</param>
    public CouchDbDocumentStore(CouchDbOptions options, TimeProvider time)
    {
        _time = time;
        _http = new CouchHttp(options, time);
        _collections = new CouchCollections(_http, options, time);
    }

    public ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckDefinition(definition);
        return _collections.EnsureAsync(definition, cancellationToken);
    }

    public ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckCollection(collection);
        return _collections.DropAsync(collection, cancellationToken);
    }

    public ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return _collections.ListAsync(prefix, cancellationToken);
    }

    public async ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default)
    {
        DocumentRules.CheckCollection(collection);
        DocumentRules.CheckId(id);
        if (id is "." or "..") // which a URL would lose
        {
            return (await GetManyAsync(collection, [id], cancellationToken).ConfigureAwait(false))[0];
        }

        if (await _collections.FindAsync(collection, cancellationToken).ConfigureAwait(false) is not { } from)
        {
            return null;
        }

        var answer = await _http.GetAsync($"{from.Database}/{Uri.EscapeDataString(id)}", cancellationToken).ConfigureAwait(false);
        if (answer.IsNotFound)
        {
            return null;
        }

        return Parse(answer, body =>
        {
            var reader = new Utf8JsonReader(body.Span);
            reader.Read();
            return CouchEnvelope.Read(ref reader, body, from.Incarnation);
        });
    }

    public async ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        DocumentRules.CheckCollection(collection);
        foreach (var id in ids)
        {
            DocumentRules.CheckId(id);
        }

        if (ids.Count == 0 || await _collections.FindAsync(collection, cancellationToken).ConfigureAwait(false) is not { } from)
        {
            return new Document?[ids.Count];
        }

        var found = new Dictionary<string, Document>(StringComparer.Ordinal);
        foreach (var chunk in ids.Distinct(StringComparer.Ordinal).Chunk(MaxKeysPerRequest))
        {
            var question = JsonSerializer.SerializeToUtf8Bytes(new KeysQuestion(chunk), CouchJson.Default.KeysQuestion);
            var answer = await _http.AskAsync($"{from.Database}/_all_docs?include_docs=true", question, cancellationToken).ConfigureAwait(false);
            if (!answer.IsNotFound)
            {
                Parse(answer, body => ReadAll(body, from.Incarnation, found));
            }
        }

        return [.. ids.Select(id => found.GetValueOrDefault(id))];
    }

    public async ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default) =>
        (await WriteManyAsync(collection, [write], cancellationToken).ConfigureAwait(false))[0];

    public async ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        DocumentRules.CheckCollection(collection);
        foreach (var write in writes)
        {
            DocumentRules.CheckWrite(write);
            CheckBody(write);
        }

        if (writes.Count == 0)
        {
            return [];
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (await _collections.FindAsync(collection, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            throw new InvalidOperationException($"there is no collection '{collection}' (any more); ensure it before writing to it");
        }

        var writer = _writers.GetOrAdd(collection, static (_, x) => new CouchWriter(x._http, x.Database), (_http, found.Database));
        try
        {
            return await writer.WriteAsync(new WaitingCall(writes, found.Incarnation, cancellationToken)).ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            _collections.Forget(collection);
            throw;
        }
    }

    public async ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        DocumentRules.CheckCollection(collection);
        DocumentRules.CheckLimit(query);
        for (var started = _time.GetTimestamp(); ;)
        {
            if (await _collections.FindAsync(collection, cancellationToken).ConfigureAwait(false) is not { } found)
            {
                return new DocumentPage([], null);
            }

            if (found.Indexes.TryGetValue(query.Index, out var fields))
            {
                var page = new ViewPage(query, fields, found.Incarnation);
                if (page.IsEmpty)
                {
                    return new DocumentPage([], null);
                }

                var answer = await AskAsync(found, CouchCollection.ViewOf(query.Index, fields), page, cancellationToken).ConfigureAwait(false);
                if (!answer.IsNotFound)
                {
                    return Parse(answer, page.Read);
                }
            }
            else if (!await IsOutdatedAsync(collection, found, cancellationToken).ConfigureAwait(false))
            {
                throw new ArgumentException($"collection '{collection}' has no index '{query.Index}'");
            }

            // Somebody has dropped the collection, or changed its indexes; other nodes of a cluster hear of the latter a moment later.
            _collections.Forget(collection);
            if (_time.GetElapsedTime(started) > _http.Timeout)
            {
                throw _http.Errors.NotSettled(found.Database);
            }

            await Task.Delay(PauseBeforeAskingAgain, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask PingAsync(CancellationToken cancellationToken = default)
    {
        await _collections.GreetAsync(cancellationToken).ConfigureAwait(false);
        var answer = await _http.GetAsync("_all_dbs?limit=1", cancellationToken).ConfigureAwait(false); // for server admins alone, as all that dcron does
        if (!answer.IsSuccess)
        {
            throw _http.Errors.Refused(answer.Refusal());
        }
    }

    /// <summary>Finishes the writes that wait, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_writers.Values.Select(writer => writer.CloseAsync())).ConfigureAwait(false);
        _http.Dispose();
    }

    /// <summary>The same for containers that know no other way.</summary>
    public void Dispose() => Task.Run(async () => await DisposeAsync().ConfigureAwait(false)).GetAwaiter().GetResult();

    private static void CheckBody(DocumentWrite write)
    {
        if (write is DocumentWrite.Create create)
        {
            IndexedFields.Read(create.Body.Span, []);
        }
        else if (write is DocumentWrite.Replace replace)
        {
            IndexedFields.Read(replace.Body.Span, []);
        }
    }

    private async ValueTask<bool> IsOutdatedAsync(string collection, CouchCollection known, CancellationToken cancellationToken)
    {
        _collections.Forget(collection);
        return (await _collections.FindAsync(collection, cancellationToken).ConfigureAwait(false))?.Revision != known.Revision;
    }

    private async ValueTask<CouchAnswer> AskAsync(CouchCollection collection, string view, ViewPage page, CancellationToken cancellationToken)
    {
        var (query, body) = page.ToRequest();
        var path = $"{collection.Database}/{CouchCollection.DesignDocument}/_view/{view}{query}";
        return body is null ? await _http.GetAsync(path, cancellationToken).ConfigureAwait(false) : await _http.AskAsync(path, body, cancellationToken).ConfigureAwait(false);
    }

    private static bool ReadAll(ReadOnlyMemory<byte> body, string incarnation, Dictionary<string, Document> found)
    {
        var reader = new Utf8JsonReader(body.Span);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("doc"u8))
            {
                reader.Read();
                if (CouchEnvelope.Read(ref reader, body, incarnation) is { } document)
                {
                    found[document.Id] = document;
                }
            }
        }

        return true;
    }

    private T Parse<T>(CouchAnswer answer, Func<ReadOnlyMemory<byte>, T> read)
    {
        if (!answer.IsSuccess)
        {
            throw _http.Errors.Refused(answer.Refusal());
        }

        try
        {
            return read(answer.Body);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw _http.Errors.Malformed("no JSON of the right kind", e);
        }
    }
}

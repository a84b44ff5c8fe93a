using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// Makes databases and their indexes, and remembers what it knows of them. A database counts only once its design document is there, and that is
/// written only when every node of the cluster agrees about the database (docs/decisions/0021).
/// </summary>
internal sealed class CouchCollections(CouchHttp http, CouchDbOptions options, TimeProvider time)
{
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan UntilGone = TimeSpan.FromSeconds(2);

    // Building an index over what is there already takes as long as it takes.
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromHours(6);

    // Other processes drop collections and change their indexes.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, (CouchCollection Collection, long At)> _known = new(StringComparer.Ordinal);
    private volatile bool _isGreeted;

    public string DatabaseOf(string collection) => $"{options.Database}-{collection}";

    /// <summary>The collection; null when there is none.</summary>
    public async ValueTask<CouchCollection?> FindAsync(string collection, CancellationToken cancellationToken)
    {
        // Of many callers one looks whether what is known is still true; the others go on with it meanwhile.
        var now = time.GetTimestamp();
        if (_known.TryGetValue(collection, out var known)
            && (time.GetElapsedTime(known.At, now) < MaxAge || !_known.TryUpdate(collection, (known.Collection, now), known)))
        {
            return known.Collection;
        }

        await GreetAsync(cancellationToken).ConfigureAwait(false);
        if (await ReadAsync(collection, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            Forget(collection);
            return null;
        }

        if (known.Collection?.Incarnation != found.Incarnation)
        {
            await CheckCopiesAsync(found.Database, cancellationToken).ConfigureAwait(false);
        }

        _known[collection] = (found, now);
        return found;
    }

    /// <summary>What is known of the collection may not be true any more: looks again at next use.</summary>
    public void Forget(string collection) => _known.TryRemove(collection, out _);

    public async ValueTask EnsureAsync(CollectionDefinition definition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Forget(definition.Name); // what was saved, here or by somebody who was faster, is read back
            var current = await FindAsync(definition.Name, cancellationToken).ConfigureAwait(false);
            if (current?.Satisfies(definition) == true)
            {
                return;
            }

            current ??= await CreateAsync(definition.Name, cancellationToken).ConfigureAwait(false);
            await SaveAsync(current, current.With(definition), cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<bool> DropAsync(string collection, CancellationToken cancellationToken)
    {
        await GreetAsync(cancellationToken).ConfigureAwait(false);
        var answer = await http.ChangeAsync(HttpMethod.Delete, DatabaseOf(collection), null, cancellationToken).ConfigureAwait(false);
        Forget(collection);
        return answer.IsSuccess || (answer.IsNotFound ? false : throw http.Errors.Refused(answer.Refusal()));
    }

    public async ValueTask<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        await GreetAsync(cancellationToken).ConfigureAwait(false);
        var first = DatabaseOf(prefix);
        var range = $"_all_dbs?startkey={Quoted(first)}&endkey={Quoted(first + "\uffff")}";
        var names = await ReadAsync(range, CouchJson.Default.StringArray, cancellationToken).ConfigureAwait(false);
        var start = options.Database.Length + 1;
        return [.. names.Where(n => n.StartsWith(first, StringComparison.Ordinal)).Select(n => n[start..]).Order(StringComparer.Ordinal)];

        static string Quoted(string text) => Uri.EscapeDataString($"\"{text}\"");
    }

    /// <summary>Sees, once, that there is a CouchDB of the right kind.</summary>
    public async ValueTask GreetAsync(CancellationToken cancellationToken)
    {
        if (_isGreeted)
        {
            return;
        }

        Greeting greeting;
        var answer = await http.GetAsync("", cancellationToken).ConfigureAwait(false);
        try
        {
            greeting = JsonSerializer.Deserialize(answer.Body.Span, CouchJson.Default.Greeting) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw http.Errors.Malformed(string.Create(CultureInfo.InvariantCulture, $"{(int)answer.Status}, and no JSON"), e);
        }

        if (greeting.Couchdb is null && greeting.Vendor?.Name is null)
        {
            throw http.Errors.Malformed(string.Create(CultureInfo.InvariantCulture, $"{(int)answer.Status}, without a greeting"));
        }

        if (greeting.Version is [var major, '.', ..] && major < '3' && greeting.Vendor?.Name?.Contains("Apache", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw http.Errors.TooOld(greeting.Version);
        }

        _isGreeted = true;
    }

    private async ValueTask<CouchCollection?> ReadAsync(string collection, CancellationToken cancellationToken)
    {
        var database = DatabaseOf(collection);
        var path = $"{database}/{CouchCollection.DesignDocument}";
        var answer = await http.GetAsync(path, cancellationToken).ConfigureAwait(false);

        // A database that was dropped this very moment is a failure (500: No DB shards could be opened) before it is none.
        for (var started = time.GetTimestamp(); answer.Status == HttpStatusCode.InternalServerError && time.GetElapsedTime(started) < UntilGone;)
        {
            await Task.Delay(PauseBetweenLooks, time, cancellationToken).ConfigureAwait(false);
            answer = await http.GetAsync(path, cancellationToken).ConfigureAwait(false);
        }

        if (answer.IsNotFound)
        {
            return null;
        }

        if (!answer.IsSuccess)
        {
            throw http.Errors.Refused(answer.Refusal());
        }

        try
        {
            var (found, schema) = CouchCollection.Read(database, answer.Body);
            return schema <= CouchCollection.CurrentSchema ? found : throw http.Errors.NewerSchema(database, schema, CouchCollection.CurrentSchema);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException)
        {
            throw http.Errors.Malformed($"a document {database}/{CouchCollection.DesignDocument} that is not dcron's", e);
        }
    }

    private async ValueTask<CouchCollection> CreateAsync(string collection, CancellationToken cancellationToken)
    {
        var database = DatabaseOf(collection);
        var path = string.Create(CultureInfo.InvariantCulture, $"{database}?n=1&q={options.Shards}");
        for (var started = time.GetTimestamp(); ;)
        {
            var answer = await http.ChangeAsync(HttpMethod.Put, path, null, cancellationToken).ConfigureAwait(false);
            if (answer.IsSuccess || answer.Status == HttpStatusCode.PreconditionFailed)
            {
                break;
            }

            // Nodes that create one database at once disturb each other.
            if ((int)answer.Status < 500 || time.GetElapsedTime(started) > http.Timeout)
            {
                throw http.Errors.Refused(answer.Refusal());
            }

            await Task.Delay(PauseBetweenLooks, time, cancellationToken).ConfigureAwait(false);
        }

        await SettleAsync(database, cancellationToken).ConfigureAwait(false);
        await CheckCopiesAsync(database, cancellationToken).ConfigureAwait(false);
        return CouchCollection.Empty(database);
    }

    /// <summary>
    /// Waits until all nodes have the same record of where the database lies. Two nodes that create it at once make two records, of which one
    /// wins a moment later, and what was written by the other is gone; once every node has one, no other can come.
    /// </summary>
    private async ValueTask SettleAsync(string database, CancellationToken cancellationToken)
    {
        var membership = await ReadAsync("_membership", CouchJson.Default.ClusterMembership, cancellationToken, whenMissing: new ClusterMembership([], [])).ConfigureAwait(false);
        if (membership.Known is not { Count: > 1 })
        {
            return;
        }

        for (var started = time.GetTimestamp(); ;)
        {
            var maps = new HashSet<string>(StringComparer.Ordinal);
            foreach (var node in membership.Reachable ?? [])
            {
                var path = $"_node/{Uri.EscapeDataString(node)}/_dbs/{database}?conflicts=true";
                var map = await ReadAsync(path, CouchJson.Default.ShardMap, cancellationToken, whenMissing: new ShardMap(null, null)).ConfigureAwait(false);
                maps.Add($"{map.Revision} {string.Join(' ', map.Conflicts ?? [])}");
            }

            if (maps.Count == 1 && maps.First() != " ")
            {
                return;
            }

            if (time.GetElapsedTime(started) > http.Timeout)
            {
                throw http.Errors.NotSettled(database);
            }

            await Task.Delay(PauseBetweenLooks, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask CheckCopiesAsync(string database, CancellationToken cancellationToken)
    {
        var info = await ReadAsync(database, CouchJson.Default.DatabaseInfo, cancellationToken, whenMissing: new DatabaseInfo(null)).ConfigureAwait(false);
        if (info.Cluster is { N: > 1 } cluster)
        {
            throw http.Errors.TooManyCopies(database, cluster.N);
        }
    }

    /// <summary>Saves the design document. Somebody else may be faster; what counts is what is read afterwards.</summary>
    private async ValueTask SaveAsync(CouchCollection current, CouchCollection wanted, CancellationToken cancellationToken)
    {
        if (current.Revision is not null)
        {
            await PutNextAsync(wanted, wanted.Database, cancellationToken).ConfigureAwait(false);
            await BuildAsync(CouchCollection.NextDesignDocument, wanted, cancellationToken).ConfigureAwait(false);
        }

        await PutDesignAsync(CouchCollection.DesignDocument, wanted, current.Revision, cancellationToken).ConfigureAwait(false);
        await BuildAsync(CouchCollection.DesignDocument, wanted, cancellationToken).ConfigureAwait(false);
        if (current.Revision is not null)
        {
            await PutNextAsync(null, wanted.Database, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>CouchDB knows an index by its definition: one that was built under another name is there at once under the right one.</summary>
    /// <param name="wanted">The indexes; null takes the document away.</param>
    /// <param name="database">Where.</param>
    /// <param name="cancellationToken">The caller's.</param>
    private async ValueTask PutNextAsync(CouchCollection? wanted, string database, CancellationToken cancellationToken)
    {
        var path = $"{database}/{CouchCollection.NextDesignDocument}";
        var left = await http.GetAsync(path, cancellationToken).ConfigureAwait(false);
        var revision = left.IsSuccess ? CouchCollection.Read(database, left.Body).Collection.Revision : null;
        if (wanted is not null)
        {
            await PutDesignAsync(CouchCollection.NextDesignDocument, wanted, revision, cancellationToken).ConfigureAwait(false);
        }
        else if (revision is not null)
        {
            await http.ChangeAsync(HttpMethod.Delete, $"{path}?rev={revision}", null, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask PutDesignAsync(string document, CouchCollection wanted, string? revision, CancellationToken cancellationToken)
    {
        var answer = await http.ChangeAsync(HttpMethod.Put, $"{wanted.Database}/{document}", wanted.ToDesign(revision), cancellationToken).ConfigureAwait(false);
        if (!answer.IsSuccess && !answer.IsConflict && !answer.IsNotFound)
        {
            throw http.Errors.Refused(answer.Refusal());
        }
    }

    private async ValueTask BuildAsync(string document, CouchCollection wanted, CancellationToken cancellationToken)
    {
        if (wanted.Indexes.Count == 0)
        {
            return;
        }

        var (name, fields) = wanted.Indexes.First();

        // A question to one view builds all of its design document. "Missing" means that somebody has replaced or dropped it since.
        var answer = await http.GetAsync($"{wanted.Database}/{document}/_view/{CouchCollection.ViewOf(name, fields)}?limit=1", cancellationToken, BuildTimeout).ConfigureAwait(false);
        if (!answer.IsSuccess && !answer.IsNotFound)
        {
            throw http.Errors.Refused(answer.Refusal());
        }
    }

    private async ValueTask<T> ReadAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken, T? whenMissing = null)
        where T : class
    {
        var answer = await http.GetAsync(path, cancellationToken).ConfigureAwait(false);
        if (whenMissing is not null && answer.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest)
        {
            return whenMissing!;
        }

        if (!answer.IsSuccess)
        {
            throw http.Errors.Refused(answer.Refusal());
        }

        try
        {
            return JsonSerializer.Deserialize(answer.Body.Span, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw http.Errors.Malformed("no JSON of the right kind", e);
        }
    }
}

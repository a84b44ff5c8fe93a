using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Cluster;

/// <summary>
/// Binds a document store to one cluster, and to the versions of dcron that understand it. Two clusters in it would each take the other's workers for gone, and call
/// lost what these run; an older version would misread what a newer one has written.
/// </summary>
public sealed class ClusterRecord
{
    /// <summary>
    /// What this version writes. Raised by a version that stores something which an earlier one would misread; the versions before and after work side by side
    /// (docs/decisions/0034).
    /// </summary>
    public const int CurrentSchema = 1;

    private const string Id = "cluster";
    private static readonly CollectionDefinition Collection = new("cluster", []);

    private readonly IDocumentStore _store;
    private readonly string _clusterId;
    private readonly int _schema;

    public ClusterRecord(IDocumentStore store, string clusterId)
        : this(store, clusterId, CurrentSchema)
    {
    }

    /// <summary>As another version would.</summary>
    internal ClusterRecord(IDocumentStore store, string clusterId, int schema) => (_store, _clusterId, _schema) = (store, clusterId, schema);

    /// <exception cref="StartRefusedException">The store is another cluster's, or of a version that this one does not understand.</exception>
    /// <exception cref="DocumentStoreUnavailableException">The store is away.</exception>
    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        await _store.EnsureCollectionAsync(Collection, cancellationToken);
        while (true)
        {
            var stored = await _store.GetAsync(Collection.Name, Id, cancellationToken);
            if (Marked(stored is null ? null : Read(stored)) is not { } body)
            {
                return;
            }

            DocumentWrite write = stored is null ? new DocumentWrite.Create(Id, body) : new DocumentWrite.Replace(Id, stored.Revision, body);
            if (await _store.WriteAsync(Collection.Name, write, cancellationToken) is WriteResult.Written)
            {
                return;
            }

            // Another node was faster: what it wrote is looked at as well.
        }
    }

    /// <returns>The record with this version's mark; null where it is good as it is.</returns>
    private byte[]? Marked(ClusterDocument? stored)
    {
        if (stored is not null && stored.ClusterId != _clusterId)
        {
            throw new StartRefusedException(
                $"The document store belongs to the cluster '{stored.ClusterId}', but Dcron:Cluster:ClusterId is '{_clusterId}' here. Two clusters can't share one: "
                + "set the id to the store's, or give this cluster a database (or data folder) of its own.");
        }

        if (stored is not null && (stored.ReadableFrom ?? stored.Schema) > _schema)
        {
            throw new StartRefusedException(
                $"The document store was written by a newer dcron: its record has the schema {stored.Schema}, for versions that know {stored.ReadableFrom ?? stored.Schema} or later, and this one knows {_schema}. "
                + "Start that newer version here (docs/cluster.md, Upgrades), or restore a backup from before the upgrade, or give this version a database (or data folder) of its own.");
        }

        if (stored?.Schema >= _schema)
        {
            return null;
        }

        // Those that are still of the version before may go on, and be restarted, until they are upgraded too.
        var marked = new ClusterDocument { Schema = _schema, ClusterId = _clusterId, ReadableFrom = Math.Max(1, _schema - 1), Unknown = stored?.Unknown };
        return JsonSerializer.SerializeToUtf8Bytes(marked, ClusterJson.Default.ClusterDocument);
    }

    private static ClusterDocument Read(Document stored)
    {
        try
        {
            if (JsonSerializer.Deserialize(stored.Body.Span, ClusterJson.Default.ClusterDocument) is { Schema: > 0, ClusterId: not null } read)
            {
                return read;
            }
        }
        catch (JsonException)
        {
            // said below
        }

        throw new StartRefusedException(
            $"The document '{Id}' of the collection '{Collection.Name}' in the document store is not what dcron writes there, so it can't be told whose store it is. "
            + "Restore it from a backup, or delete it if this store is surely this cluster's.");
    }
}

/// <summary>A process may not start; the message is for people and says what to do.</summary>
public sealed class StartRefusedException(string message) : Exception(message);

/// <summary>As it is stored.</summary>
internal sealed record ClusterDocument
{
    /// <summary>Of the newest version that has used the store.</summary>
    public int Schema { get; set; }

    /// <summary>Whose store it is.</summary>
    public string? ClusterId { get; set; }

    /// <summary>The oldest schema whose versions understand what is stored; null in records from before there was such a thing: the schema itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ReadableFrom { get; set; }

    /// <summary>Fields of a later version, kept as they are.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClusterDocument))]
internal sealed partial class ClusterJson : JsonSerializerContext;

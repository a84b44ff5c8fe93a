using System.Text.Json.Serialization;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>The design document of a collection.</summary>
internal sealed record StoredDesign(
    [property: JsonPropertyName("_rev")] string? Revision,
    string Language,
    StoredCollection Dcron,
    IReadOnlyDictionary<string, StoredView> Views);

/// <summary>What dcron itself needs to know about a collection.</summary>
internal sealed record StoredCollection(int Schema, string Incarnation, IReadOnlyDictionary<string, IReadOnlyList<string>> Indexes);

internal sealed record StoredView(string Map, StoredViewOptions Options);

/// <param name="Collation"><c>raw</c> sorts texts by their bytes, as the port promises; CouchDB's own way would be a language's.</param>
internal sealed record StoredViewOptions(string Collation)
{
    public static readonly StoredViewOptions ByteOrder = new("raw");
}

/// <summary>What <c>GET /database</c> answers.</summary>
internal sealed record DatabaseInfo(DatabaseCluster? Cluster);

/// <param name="N">Copies of each document.</param>
internal sealed record DatabaseCluster(int N);

/// <summary>What <c>GET /_membership</c> answers.</summary>
internal sealed record ClusterMembership([property: JsonPropertyName("all_nodes")] IReadOnlyList<string>? Reachable, [property: JsonPropertyName("cluster_nodes")] IReadOnlyList<string>? Known);

/// <summary>What <c>GET /</c> answers.</summary>
internal sealed record Greeting(string? Couchdb, string? Version, GreetingVendor? Vendor);

internal sealed record GreetingVendor(string? Name);

/// <summary>A node's record of where a database lies.</summary>
internal sealed record ShardMap([property: JsonPropertyName("_rev")] string? Revision, [property: JsonPropertyName("_conflicts")] IReadOnlyList<string>? Conflicts);

/// <summary>The parameters of a question to a view.</summary>
internal sealed record ViewQuestion(
    [property: JsonPropertyName("startkey")] IReadOnlyList<string>? StartKey,
    [property: JsonPropertyName("startkey_docid")] string? StartKeyDocId,
    [property: JsonPropertyName("endkey")] IReadOnlyList<string>? EndKey,
    bool? InclusiveEnd,
    bool? Descending,
    bool? IncludeDocs,
    int Limit);

internal sealed record KeysQuestion(IReadOnlyList<string> Keys);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredDesign))]
[JsonSerializable(typeof(DatabaseInfo))]
[JsonSerializable(typeof(ClusterMembership))]
[JsonSerializable(typeof(Greeting))]
[JsonSerializable(typeof(ShardMap))]
[JsonSerializable(typeof(ViewQuestion))]
[JsonSerializable(typeof(KeysQuestion))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class CouchJson : JsonSerializerContext;

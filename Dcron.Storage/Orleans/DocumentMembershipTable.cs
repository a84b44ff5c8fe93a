using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Dcron.Storage.Orleans;

/// <summary>
/// Orleans' membership table: one document per cluster with all rows and the version, whose revision is the version's etag.
/// Heartbeats are documents of their own, merged into the rows when they are read.
/// </summary>
internal sealed class DocumentMembershipTable(IDocumentStore store, IOptions<ClusterOptions> cluster) : IMembershipTable
{
    private const string ByCluster = "by_cluster";
    private const int PageSize = 1000;

    // The etag of a table that was not written yet; no store gives such a revision.
    private const string NoDocument = "new";

    private static readonly CollectionDefinition Membership = new("orleans-membership", [new IndexDefinition(ByCluster, "cluster")]);

    private readonly EnsuredCollections _collections = new(store);
    private readonly ConcurrentDictionary<SiloAddress, string> _heartbeatRevisions = new();
    private readonly string _cluster = cluster.Value.ClusterId;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion, CancellationToken.None);

    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken)
    {
        await _collections.EnsureAsync(Membership, cancellationToken).ConfigureAwait(false);
        if (tryInitTableVersion)
        {
            // A conflict means that it is there.
            await _collections.WriteAsync(Membership, new DocumentWrite.Create(TableId(_cluster), Body(MembershipDocument.Empty)), cancellationToken).ConfigureAwait(false);
        }
    }

    public Task<MembershipTableData> ReadAll() => ReadAllAsync(CancellationToken.None);

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken)
    {
        var (table, etag) = await ReadTableAsync(cancellationToken).ConfigureAwait(false);
        var heartbeats = await ReadHeartbeatsAsync(_cluster, cancellationToken).ConfigureAwait(false);
        return new MembershipTableData(
            [.. table.Rows.Select(r => Tuple.Create(r.ToEntry(heartbeats.GetValueOrDefault(r.Silo).At), r.Etag))],
            new TableVersion(table.Version, etag));
    }

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key, CancellationToken.None);

    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken)
    {
        var (table, etag) = await ReadTableAsync(cancellationToken).ConfigureAwait(false);
        var version = new TableVersion(table.Version, etag);
        if (table.Rows.FirstOrDefault(r => r.Silo == key.ToParsableString()) is not { } row)
        {
            return new MembershipTableData(version);
        }

        var heartbeat = await store.GetAsync(Membership.Name, HeartbeatId(_cluster, row.Silo), cancellationToken).ConfigureAwait(false);
        return new MembershipTableData(Tuple.Create(row.ToEntry(heartbeat is null ? default : ToHeartbeat(heartbeat).At), row.Etag), version);
    }

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion, CancellationToken.None);

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken) =>
        ChangeAsync(
            tableVersion,
            rows => rows.Any(r => r.Silo == entry.SiloAddress.ToParsableString()) ? null : [.. rows, MemberRow.Of(entry, NewEtag())],
            cancellationToken);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion, CancellationToken.None);

    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken)
    {
        var silo = entry.SiloAddress.ToParsableString();
        return ChangeAsync(
            tableVersion,
            rows => rows.Any(r => r.Silo == silo && r.Etag == etag) ? [.. rows.Select(r => r.Silo == silo ? MemberRow.Of(entry, NewEtag()) : r)] : null,
            cancellationToken);
    }

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry, CancellationToken.None);

    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken)
    {
        var silo = entry.SiloAddress.ToParsableString();
        var id = HeartbeatId(_cluster, silo);
        var body = JsonSerializer.SerializeToUtf8Bytes(new HeartbeatDocument(_cluster, silo, entry.IAmAliveTime), OrleansJson.Default.HeartbeatDocument);

        // A silo is the only one that writes its heartbeat, so it mostly knows the revision; only the first one and what came
        // after a failure need a look.
        var known = _heartbeatRevisions.GetValueOrDefault(entry.SiloAddress);
        while (true)
        {
            DocumentWrite write = known is null ? new DocumentWrite.Create(id, body) : new DocumentWrite.Replace(id, known, body);
            if (await _collections.WriteAsync(Membership, write, cancellationToken).ConfigureAwait(false) is WriteResult.Written written)
            {
                _heartbeatRevisions[entry.SiloAddress] = written.Revision;
                return;
            }

            known = (await store.GetAsync(Membership.Name, id, cancellationToken).ConfigureAwait(false))?.Revision;
        }
    }

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate, CancellationToken.None);

    public async Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken)
    {
        var before = beforeDate.UtcDateTime;
        while (true)
        {
            var (table, etag) = await ReadTableAsync(cancellationToken).ConfigureAwait(false);
            var heartbeats = await ReadHeartbeatsAsync(_cluster, cancellationToken).ConfigureAwait(false);
            MemberRow[] kept = [.. table.Rows.Where(r => !r.IsDefunct(before, heartbeats.GetValueOrDefault(r.Silo).At))];
            if (kept.Length < table.Rows.Count
                && await WriteTableAsync(table with { Rows = kept }, etag, cancellationToken).ConfigureAwait(false) is not WriteResult.Written)
            {
                continue; // somebody changed the table meanwhile
            }

            // Heartbeats without a row, but not those of a silo that is about to insert its row.
            var abandoned = heartbeats.Where(h => h.Value.At < before && kept.All(r => r.Silo != h.Key));
            await DeleteAsync(_cluster, abandoned, cancellationToken).ConfigureAwait(false);
            return;
        }
    }

    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId, CancellationToken.None);

    public async Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken)
    {
        while (await store.GetAsync(Membership.Name, TableId(clusterId), cancellationToken).ConfigureAwait(false) is { } table)
        {
            await _collections.WriteAsync(Membership, new DocumentWrite.Delete(table.Id, table.Revision), cancellationToken).ConfigureAwait(false);
        }

        await DeleteAsync(clusterId, await ReadHeartbeatsAsync(clusterId, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Body(MembershipDocument table) => JsonSerializer.SerializeToUtf8Bytes(table, OrleansJson.Default.MembershipDocument);

    private static HeartbeatDocument ToHeartbeat(Document document) => JsonSerializer.Deserialize(document.Body.Span, OrleansJson.Default.HeartbeatDocument)!;

    private static string NewEtag() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private static string TableId(string clusterId) => "table-" + Digest(clusterId);

    private static string HeartbeatId(string clusterId, string silo) => $"alive-{Digest(clusterId)}-{silo}";

    /// <summary>A cluster id may hold characters that a document's id may not.</summary>
    private static string Digest(string clusterId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(clusterId)).AsSpan(0, 8));

    private async Task<bool> ChangeAsync(TableVersion next, Func<IReadOnlyList<MemberRow>, IReadOnlyList<MemberRow>?> change, CancellationToken cancellationToken)
    {
        var (table, etag) = await ReadTableAsync(cancellationToken).ConfigureAwait(false);
        return next.VersionEtag == etag
            && change(table.Rows) is { } rows
            && await WriteTableAsync(new MembershipDocument(next.Version, rows), etag, cancellationToken).ConfigureAwait(false) is WriteResult.Written;
    }

    private async ValueTask<(MembershipDocument Table, string Etag)> ReadTableAsync(CancellationToken cancellationToken)
    {
        var document = await store.GetAsync(Membership.Name, TableId(_cluster), cancellationToken).ConfigureAwait(false);
        return document is null
            ? (MembershipDocument.Empty, NoDocument)
            : (JsonSerializer.Deserialize(document.Body.Span, OrleansJson.Default.MembershipDocument)!, document.Revision);
    }

    private ValueTask<WriteResult> WriteTableAsync(MembershipDocument table, string etag, CancellationToken cancellationToken)
    {
        DocumentWrite write = etag == NoDocument
            ? new DocumentWrite.Create(TableId(_cluster), Body(table))
            : new DocumentWrite.Replace(TableId(_cluster), etag, Body(table));
        return _collections.WriteAsync(Membership, write, cancellationToken);
    }

    private async ValueTask<Dictionary<string, (DateTime At, string Revision)>> ReadHeartbeatsAsync(string clusterId, CancellationToken cancellationToken)
    {
        var heartbeats = new Dictionary<string, (DateTime, string)>(StringComparer.Ordinal);
        for (string? cursor = null; ;)
        {
            var query = new IndexQuery(ByCluster, clusterId) { Limit = PageSize, Cursor = cursor };
            var page = await store.QueryAsync(Membership.Name, query, cancellationToken).ConfigureAwait(false);
            foreach (var row in page.Rows)
            {
                var heartbeat = ToHeartbeat(row.Document!);
                heartbeats[heartbeat.Silo] = (heartbeat.At, row.Document!.Revision);
            }

            if ((cursor = page.Next) is null)
            {
                return heartbeats;
            }
        }
    }

    private async ValueTask DeleteAsync(string clusterId, IEnumerable<KeyValuePair<string, (DateTime At, string Revision)>> heartbeats, CancellationToken cancellationToken)
    {
        foreach (var (silo, (_, revision)) in heartbeats)
        {
            // A conflict means a newer heartbeat, which stays.
            await _collections.WriteAsync(Membership, new DocumentWrite.Delete(HeartbeatId(clusterId, silo), revision), cancellationToken).ConfigureAwait(false);
        }
    }
}

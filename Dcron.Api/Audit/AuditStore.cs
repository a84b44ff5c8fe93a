using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Audit;

/// <summary>Which records to show.</summary>
/// <param name="Scope">The namespaces that the asker may see; who is limited does not see what is the cluster's.</param>
/// <param name="Cursor">From the page before.</param>
internal sealed record AuditQuery(
    int Limit, string? Namespace, string? Target, string? Actor, string? Action, DateTimeOffset? From, DateTimeOffset? To, NamespaceScope Scope, string? Cursor);

/// <summary>Keeps the audit: one collection a month, to which documents are only added, and which goes as a whole.</summary>
internal sealed class AuditStore(IDocumentStore store, IOptions<AuditOptions> options, TimeProvider time)
{
    public const string Prefix = "audit-";
    private const string OutcomeEnding = ".outcome";
    private const string ByTime = "by_time";
    private const string ByTarget = "by_target";
    private const string ByNamespace = "by_namespace";
    private const int PageSize = 200;

    private readonly ConcurrentDictionary<string, Task> _prepared = new(StringComparer.Ordinal);

    /// <summary>A new record's id: sorts by time.</summary>
    public static string NewId(DateTimeOffset now) =>
        now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture) + "-" + RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 10);

    public async ValueTask AppendAsync(AuditRecord record, CancellationToken cancellationToken)
    {
        var month = MonthOf(record.At);
        await PrepareAsync(month);
        await store.WriteAsync(month, new DocumentWrite.Create(record.AuditId, JsonSerializer.SerializeToUtf8Bytes(record, ApiJson.Shared.AuditRecord)), cancellationToken);
    }

    public async ValueTask AppendAsync(AuditRecord record, AuditOutcome outcome, CancellationToken cancellationToken) => await store.WriteAsync(
        MonthOf(record.At), new DocumentWrite.Create(record.AuditId + OutcomeEnding, JsonSerializer.SerializeToUtf8Bytes(outcome, ApiJson.Shared.AuditOutcome)), cancellationToken);

    /// <summary>Records, newest first.</summary>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async ValueTask<(IReadOnlyList<AuditView> Records, string? Next)> PageAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        var after = query.Cursor is null ? null : ReadCursor(query.Cursor);
        var last = after is null ? query.To : Earlier(after.Value.At, query.To);
        var months = (await store.ListCollectionsAsync(Prefix, cancellationToken))
            .Where(month => (query.From is null || string.CompareOrdinal(month, MonthOf(query.From.Value)) >= 0)
                && (last is null || string.CompareOrdinal(month, MonthOf(last.Value)) <= 0))
            .OrderDescending(StringComparer.Ordinal);
        var found = new List<(string Month, AuditRecord Record)>();
        foreach (var month in months)
        {
            await foreach (var record in ReadAsync(month, query, last, cancellationToken))
            {
                if (after is { } cursor && (record.At > cursor.At || (record.At == cursor.At && string.CompareOrdinal(record.AuditId, cursor.Id) >= 0)))
                    continue;
                if (found.Count == query.Limit)
                    return (await WithOutcomesAsync(found, cancellationToken), WriteCursor(found[^1].Record));
                found.Add((month, record));
            }
        }

        return (await WithOutcomesAsync(found, cancellationToken), null);
    }

    private async IAsyncEnumerable<AuditRecord> ReadAsync(
        string month, AuditQuery query, DateTimeOffset? last, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var index = query.Target is { } target ? new IndexQuery(ByTarget, target)
            : query.Namespace is { } name ? new IndexQuery(ByNamespace, name)
            : new IndexQuery(ByTime);
        index = index with
        {
            From = query.From is { } from ? UtcTime.ToText(from) : null,
            To = last is { } to ? UtcTime.ToText(to) : null,
            Descending = true,
            Limit = PageSize,
        };
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(month, index with { Cursor = cursor }, cancellationToken);
            foreach (var row in page.Rows)
            {
                var record = JsonSerializer.Deserialize(row.Document!.Body.Span, ApiJson.Shared.AuditRecord) ?? throw new JsonException("an audit record is null");
                if (IsAsked(record, query))
                    yield return record;
            }

            if ((cursor = page.Next) is null)
                yield break;
        }
    }

    private static bool IsAsked(AuditRecord record, AuditQuery query) =>
        (query.Scope.IsAll || (record.Namespace is { } name && query.Scope.Allows(name)))
        && (query.Namespace is null || record.Namespace == query.Namespace)
        && (query.Actor is null || record.ActorId == query.Actor || record.Actor == query.Actor)
        && (query.Action is null || record.Action == query.Action)
        && (query.To is null || record.At < query.To);

    private async ValueTask<IReadOnlyList<AuditView>> WithOutcomesAsync(List<(string Month, AuditRecord Record)> found, CancellationToken cancellationToken)
    {
        var views = new List<AuditView>(found.Count);
        foreach (var month in found.GroupBy(item => item.Month))
        {
            var records = month.Select(item => item.Record).ToList();
            var outcomes = await store.GetManyAsync(month.Key, records.ConvertAll(record => record.AuditId + OutcomeEnding), cancellationToken);
            views.AddRange(records.Zip(outcomes, (record, outcome) =>
                AuditView.Of(record, outcome is null ? null : JsonSerializer.Deserialize(outcome.Body.Span, ApiJson.Shared.AuditOutcome))));
        }

        return views;
    }

    private async Task PrepareAsync(string month)
    {
        var preparation = _prepared.GetOrAdd(month, CreateAndForgetAsync);
        try
        {
            await preparation;
        }
        catch
        {
            _prepared.TryRemove(KeyValuePair.Create(month, preparation));
            throw;
        }
    }

    private async Task CreateAndForgetAsync(string month)
    {
        await store.EnsureCollectionAsync(new CollectionDefinition(month,
        [
            new IndexDefinition(ByTime, "at"),
            new IndexDefinition(ByTarget, "target", "at"),
            new IndexDefinition(ByNamespace, "namespace", "at"),
        ]));
        var now = time.GetUtcNow();
        var oldest = MonthOf(new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(-options.Value.KeepMonths));
        foreach (var old in (await store.ListCollectionsAsync(Prefix)).Where(name => string.CompareOrdinal(name, oldest) < 0))
            await store.DropCollectionAsync(old);
    }

    private static string MonthOf(DateTimeOffset at) => Prefix + at.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset? b) => b is { } other && other < a ? other : a;

    private static string WriteCursor(AuditRecord last) => Convert.ToHexStringLower(Encoding.ASCII.GetBytes($"{UtcTime.ToText(last.At)}|{last.AuditId}"));

    private static (DateTimeOffset At, string Id)? ReadCursor(string cursor) =>
        Encoding.ASCII.GetString(Convert.FromHexString(cursor)).Split('|') is [{ } at, { Length: > 0 } id] ? (UtcTime.FromText(at), id) : throw new FormatException("not a cursor of the audit");
}

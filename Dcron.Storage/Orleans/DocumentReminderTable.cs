using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Dcron.Storage.Orleans;

/// <summary>Reminders as documents. The id begins with the grain's hash, and an index over service and hash answers the ranges that silos ask for.</summary>
internal sealed class DocumentReminderTable(IDocumentStore store, IOptions<ClusterOptions> cluster) : IReminderTable
{
    private const string ByHash = "by_hash";
    private const int PageSize = 1000;

    private static readonly CollectionDefinition Reminders = new("orleans-reminders", [new IndexDefinition(ByHash, "service", "hash")]);

    private readonly EnsuredCollections _collections = new(store);
    private readonly string _service = cluster.Value.ServiceId;

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _collections.EnsureAsync(Reminders, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The silo stops before it has begun. Orleans would log that as an error, with a stack trace that hides why it stops.
        }
    }

    public Task<ReminderTableData> ReadRows(GrainId grainId) => ReadRows(grainId, CancellationToken.None);

    public async Task<ReminderTableData> ReadRows(GrainId grainId, CancellationToken cancellationToken)
    {
        var entries = await QueryAsync(new IndexQuery(ByHash, _service, HashOf(grainId)), cancellationToken).ConfigureAwait(false);
        return new ReminderTableData(entries.Where(e => e.GrainId == grainId));
    }

    public Task<ReminderTableData> ReadRows(uint begin, uint end) => ReadRows(begin, end, CancellationToken.None);

    public async Task<ReminderTableData> ReadRows(uint begin, uint end, CancellationToken cancellationToken)
    {
        if (begin < end)
        {
            return new ReminderTableData(await QueryAsync(Range(begin + 1, end), cancellationToken).ConfigureAwait(false));
        }

        // Around the ring: what lies after begin, then what lies up to end.
        var entries = await QueryAsync(Range(0, end), cancellationToken).ConfigureAwait(false);
        if (begin < uint.MaxValue)
        {
            var after = await QueryAsync(Range(Math.Max(begin, end) + 1, uint.MaxValue), cancellationToken).ConfigureAwait(false);
            entries.AddRange(after);
        }

        return new ReminderTableData(entries);
    }

    public Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) => ReadRow(grainId, reminderName, CancellationToken.None);

    public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName, CancellationToken cancellationToken)
    {
        var document = await store.GetAsync(Reminders.Name, IdOf(grainId, reminderName), cancellationToken).ConfigureAwait(false);
        return document is null ? null : ToEntry(document);
    }

    public Task<string?> UpsertRow(ReminderEntry entry) => UpsertRow(entry, CancellationToken.None);

    public async Task<string?> UpsertRow(ReminderEntry entry, CancellationToken cancellationToken)
    {
        var id = IdOf(entry.GrainId, entry.ReminderName);
        var reminder = new ReminderDocument(_service, HashOf(entry.GrainId), entry.GrainId.ToString(), entry.ReminderName, entry.StartAt.ToUniversalTime(), entry.Period);
        var body = JsonSerializer.SerializeToUtf8Bytes(reminder, OrleansJson.Default.ReminderDocument);
        while (true)
        {
            var current = await store.GetAsync(Reminders.Name, id, cancellationToken).ConfigureAwait(false);
            DocumentWrite write = current is null ? new DocumentWrite.Create(id, body) : new DocumentWrite.Replace(id, current.Revision, body);
            if (await _collections.WriteAsync(Reminders, write, cancellationToken).ConfigureAwait(false) is WriteResult.Written written)
            {
                return written.Revision;
            }
        }
    }

    public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag) => RemoveRow(grainId, reminderName, eTag, CancellationToken.None);

    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag, CancellationToken cancellationToken) =>
        await _collections.WriteAsync(Reminders, new DocumentWrite.Delete(IdOf(grainId, reminderName), eTag), cancellationToken).ConfigureAwait(false) is WriteResult.Written;

    public Task TestOnlyClearTable() => TestOnlyClearTable(CancellationToken.None);

    public async Task TestOnlyClearTable(CancellationToken cancellationToken)
    {
        foreach (var entry in await QueryAsync(new IndexQuery(ByHash, _service), cancellationToken).ConfigureAwait(false))
        {
            await RemoveRow(entry.GrainId, entry.ReminderName, entry.ETag!, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string HashOf(GrainId grainId) => Text(grainId.GetUniformHashCode());

    private static string Text(uint hash) => hash.ToString("x8", CultureInfo.InvariantCulture);

    private static ReminderEntry ToEntry(Document document)
    {
        var reminder = JsonSerializer.Deserialize(document.Body.Span, OrleansJson.Default.ReminderDocument)!;
        return new ReminderEntry
        {
            GrainId = GrainId.Parse(reminder.GrainId),
            ReminderName = reminder.Name,
            StartAt = reminder.StartAt,
            Period = reminder.Period,
            ETag = document.Revision,
        };
    }

    /// <summary>The hash, then a digest: grain keys and reminder names may hold characters, and lengths, that ids may not.</summary>
    private string IdOf(GrainId grainId, string reminderName)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{_service}\n{grainId}\n{reminderName}"));
        return $"{HashOf(grainId)}-{Convert.ToHexStringLower(digest.AsSpan(0, 16))}";
    }

    private IndexQuery Range(uint from, uint to) => new(ByHash, _service) { From = Text(from), To = Text(to) };

    private async ValueTask<List<ReminderEntry>> QueryAsync(IndexQuery query, CancellationToken cancellationToken)
    {
        var entries = new List<ReminderEntry>();
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(Reminders.Name, query with { Limit = PageSize, Cursor = cursor }, cancellationToken).ConfigureAwait(false);
            entries.AddRange(page.Rows.Select(r => ToEntry(r.Document!)));
            if ((cursor = page.Next) is null)
            {
                return entries;
            }
        }
    }
}

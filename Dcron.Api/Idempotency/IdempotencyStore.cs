using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Dcron.Api.Json;
using Dcron.Storage.Documents;

namespace Dcron.Api.Idempotency;

/// <summary>A record, where it is and the revision to replace it by.</summary>
internal sealed record StoredRecord(string Collection, string Revision, IdempotencyRecord Record);

/// <summary>Keeps the records of one month in one collection and forgets whole months: a key is remembered for one to two months.</summary>
internal sealed class IdempotencyStore(IDocumentStore store, TimeProvider time)
{
    public const string Prefix = "idempotency-";

    private readonly ConcurrentDictionary<string, Task> _prepared = new(StringComparer.Ordinal);

    public async ValueTask<StoredRecord?> FindAsync(string recordId, CancellationToken cancellationToken)
    {
        foreach (var month in Months())
        {
            if (await store.GetAsync(month, recordId, cancellationToken) is { } document)
                return new StoredRecord(month, document.Revision, Read(document));
        }

        return null;
    }

    /// <returns>Null when another request with the same key was first.</returns>
    public async ValueTask<StoredRecord?> CreateAsync(string recordId, IdempotencyRecord record, CancellationToken cancellationToken)
    {
        var month = Months()[0];
        await PrepareAsync(month);
        return await store.WriteAsync(month, new DocumentWrite.Create(recordId, Write(record)), cancellationToken) is WriteResult.Written written
            ? new StoredRecord(month, written.Revision, record)
            : null;
    }

    /// <returns>Null when somebody else has changed it.</returns>
    public async ValueTask<StoredRecord?> ReplaceAsync(string recordId, StoredRecord stored, IdempotencyRecord record, CancellationToken cancellationToken) =>
        await store.WriteAsync(stored.Collection, new DocumentWrite.Replace(recordId, stored.Revision, Write(record)), cancellationToken) is WriteResult.Written written
            ? new StoredRecord(stored.Collection, written.Revision, record)
            : null;

    public async ValueTask DeleteAsync(string recordId, StoredRecord stored, CancellationToken cancellationToken) =>
        await store.WriteAsync(stored.Collection, new DocumentWrite.Delete(recordId, stored.Revision), cancellationToken);

    /// <summary>This month's collection and the one before.</summary>
    private string[] Months()
    {
        var now = time.GetUtcNow();
        return [NameOf(now), NameOf(now.AddDays(-now.Day))];
    }

    private static string NameOf(DateTimeOffset day) => Prefix + day.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

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
        await store.EnsureCollectionAsync(new CollectionDefinition(month, []));
        var kept = Months();
        foreach (var old in (await store.ListCollectionsAsync(Prefix)).Where(name => string.CompareOrdinal(name, kept[1]) < 0))
            await store.DropCollectionAsync(old);
    }

    private static IdempotencyRecord Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, ApiJson.Shared.IdempotencyRecord) ?? throw new JsonException("an idempotency record is null");

    private static byte[] Write(IdempotencyRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, ApiJson.Shared.IdempotencyRecord);
}

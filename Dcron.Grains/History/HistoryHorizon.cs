using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

/// <summary>
/// The instant before which history was dropped. It only moves forward, and is saved before anything is dropped: nothing with a fire time before it
/// is ever created again, whatever process still has it in hand.
/// </summary>
public sealed class HistoryHorizon(IDocumentStore store)
{
    private const string Id = "horizon";
    private static readonly CollectionDefinition Collection = new("history", []);

    private long _known = DateTimeOffset.MinValue.UtcTicks;

    /// <summary>The horizon as this process has seen it last.</summary>
    public DateTimeOffset Known => new(Interlocked.Read(ref _known), TimeSpan.Zero);

    /// <summary>The horizon as it is stored now.</summary>
    public async ValueTask<DateTimeOffset> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(Collection.Name, Id, cancellationToken) is { } document)
        {
            Learn(Read(document).Before);
        }

        return Known;
    }

    /// <summary>Moves it forward; it stays where it is further on already.</summary>
    public async ValueTask AdvanceAsync(DateTimeOffset before, CancellationToken cancellationToken = default)
    {
        await store.EnsureCollectionAsync(Collection, cancellationToken);
        var body = JsonSerializer.SerializeToUtf8Bytes(new HorizonDocument(1, before), HorizonJson.Default.HorizonDocument);
        while (true)
        {
            var stored = await store.GetAsync(Collection.Name, Id, cancellationToken);
            if (stored is not null && Read(stored).Before >= before)
            {
                break;
            }

            DocumentWrite write = stored is null ? new DocumentWrite.Create(Id, body) : new DocumentWrite.Replace(Id, stored.Revision, body);
            if (await store.WriteAsync(Collection.Name, write, cancellationToken) is WriteResult.Written)
            {
                break;
            }
        }

        Learn(before);
    }

    private void Learn(DateTimeOffset before)
    {
        for (var known = Interlocked.Read(ref _known); known < before.UtcTicks;)
        {
            known = Interlocked.CompareExchange(ref _known, before.UtcTicks, known) is var seen && seen == known ? before.UtcTicks : seen;
        }
    }

    private static HorizonDocument Read(Document document) =>
        JsonSerializer.Deserialize(document.Body.Span, HorizonJson.Default.HorizonDocument) ?? throw new JsonException("the horizon of the history is null");
}

/// <summary>As it is stored.</summary>
internal sealed record HorizonDocument(int Schema, DateTimeOffset Before);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HorizonDocument))]
internal sealed partial class HorizonJson : JsonSerializerContext;

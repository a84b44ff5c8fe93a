using System.Collections.Concurrent;
using System.Text.Json;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Ledger;

/// <summary>The recorded starts in the document store.</summary>
internal sealed class StartHistory(IDocumentStore store)
{
    private readonly ConcurrentDictionary<string, bool> _ready = new();
    private readonly HistoryHorizon _horizon = new(store);

    /// <summary>Writes starts in bulk. Writing one again does nothing: its id is its own.</summary>
    public async ValueTask WriteAsync(IReadOnlyList<StartDocument> starts, CancellationToken cancellationToken = default)
    {
        foreach (var month in starts.GroupBy(start => JobCollections.StartsOf(start.ExecutionDate)))
        {
            if (!_ready.ContainsKey(month.Key))
            {
                await store.EnsureCollectionAsync(JobCollections.StartsDefinition(month.Key), cancellationToken);
                if (month.First().ExecutionDate < await _horizon.ReadAsync(cancellationToken))
                {
                    // What is not kept any more does not come back; see ExecutionHistory.
                    await store.DropCollectionAsync(month.Key, cancellationToken);
                    continue;
                }

                _ready[month.Key] = true; // and not before it is there
            }

            var writes = month.Select(DocumentWrite (start) =>
                new DocumentWrite.Create(start.StartId, JsonSerializer.SerializeToUtf8Bytes(start, StartJson.Default.StartDocument))).ToList();
            try
            {
                await store.WriteManyAsync(month.Key, writes, cancellationToken);
            }
            catch
            {
                _ready.TryRemove(month.Key, out _); // it may have been dropped; the next try makes it anew
                throw;
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

/// <summary>
/// The executions' documents. Creating one is how a launch is decided: whoever creates it first, a worker with its claim or a
/// job that drops the launch, has won, and everybody else reads what it says.
/// </summary>
public sealed partial class ExecutionHistory(IDocumentStore store)
{
    private readonly ConcurrentDictionary<string, bool> _ready = new();

    /// <summary>Before it nothing is created any more.</summary>
    public HistoryHorizon Horizon { get; } = new(store);

    public async ValueTask<ExecutionDocument?> GetAsync(ExecutionId id, CancellationToken cancellationToken = default) =>
        (await FindAsync(id, cancellationToken))?.Execution;

    /// <summary>The execution with the revision to replace it by; null when there is none.</summary>
    public async ValueTask<StoredExecution?> FindAsync(ExecutionId id, CancellationToken cancellationToken = default) =>
        await store.GetAsync(JobCollections.ExecutionsOf(id), id.ToString(), cancellationToken) is { } document
            ? new StoredExecution(Read(document.Body), document.Revision)
            : null;

    /// <summary>The executions in the order of the ids, null for those that have no document.</summary>
    public async ValueTask<IReadOnlyList<StoredExecution?>> FindManyAsync(IReadOnlyList<ExecutionId> ids, CancellationToken cancellationToken = default)
    {
        var found = new StoredExecution?[ids.Count];
        foreach (var month in Enumerable.Range(0, ids.Count).GroupBy(i => JobCollections.ExecutionsOf(ids[i])))
        {
            var positions = month.ToList();
            var documents = await store.GetManyAsync(month.Key, positions.ConvertAll(i => ids[i].ToString()), cancellationToken);
            for (var i = 0; i < documents.Count; i++)
            {
                found[positions[i]] = documents[i] is { } document ? new StoredExecution(Read(document.Body), document.Revision) : null;
            }
        }

        return found;
    }

    /// <summary>Creates the document unless it exists, or lies before the horizon.</summary>
    /// <returns>The revision, or null when somebody was first, or it is not kept any more.</returns>
    public async ValueTask<string?> CreateAsync(ExecutionDocument execution, CancellationToken cancellationToken = default)
    {
        var write = new DocumentWrite.Create(execution.ExecutionId.ToString(), Write(execution));
        return await WriteAsync(execution.ExecutionId.FireTime, [write], cancellationToken) is [WriteResult.Written written] ? written.Revision : null;
    }

    /// <summary>Creates each document that does not exist yet.</summary>
    /// <returns>For each, whether it was created here.</returns>
    public async ValueTask<IReadOnlyList<bool>> CreateManyAsync(IReadOnlyList<ExecutionDocument> executions, CancellationToken cancellationToken = default)
    {
        var created = new bool[executions.Count];
        foreach (var month in Enumerable.Range(0, executions.Count).GroupBy(i => JobCollections.ExecutionsOf(executions[i].ExecutionId)))
        {
            var positions = month.ToList();
            var writes = positions.ConvertAll(DocumentWrite (i) => new DocumentWrite.Create(executions[i].ExecutionId.ToString(), Write(executions[i])));
            var results = await WriteAsync(executions[positions[0]].ExecutionId.FireTime, writes, cancellationToken);
            for (var i = 0; i < results.Count; i++)
            {
                created[positions[i]] = results[i] is WriteResult.Written;
            }
        }

        return created;
    }

    /// <summary>Replaces the document if it still has this revision.</summary>
    /// <returns>The new revision, or null when it has changed meanwhile, or is not kept any more.</returns>
    public async ValueTask<string?> ReplaceAsync(ExecutionDocument execution, string revision, CancellationToken cancellationToken = default)
    {
        var write = new DocumentWrite.Replace(execution.ExecutionId.ToString(), revision, Write(execution));
        return await WriteAsync(execution.ExecutionId.FireTime, [write], cancellationToken) is [WriteResult.Written written] ? written.Revision : null;
    }

    /// <summary>What a worker has claimed and not finished, over all months.</summary>
    public async ValueTask<IReadOnlyList<StoredExecution>> OpenOnAsync(string workerId, CancellationToken cancellationToken = default)
    {
        var open = new List<StoredExecution>();
        foreach (var month in await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix, cancellationToken))
        {
            var query = new IndexQuery(JobCollections.ByOpenOn, workerId) { Limit = 1000 };
            for (string? cursor = null; ;)
            {
                var page = await store.QueryAsync(month, query with { Cursor = cursor }, cancellationToken);
                open.AddRange(page.Rows.Select(row => new StoredExecution(Read(row.Document!.Body), row.Document.Revision)));
                if ((cursor = page.Next) is null)
                {
                    break;
                }
            }
        }

        return open;
    }

    /// <summary>What any worker has claimed and not finished, with that worker, over all months. Answered from the index alone.</summary>
    public async ValueTask<IReadOnlyList<(ExecutionId Id, string WorkerId)>> RunningAsync(CancellationToken cancellationToken = default)
    {
        var running = new List<(ExecutionId, string)>();
        foreach (var month in await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix, cancellationToken))
        {
            var query = new IndexQuery(JobCollections.ByOpenOn) { Limit = 1000, IncludeBodies = false };
            for (string? cursor = null; ;)
            {
                var page = await store.QueryAsync(month, query with { Cursor = cursor }, cancellationToken);
                running.AddRange(page.Rows.Select(row => (ExecutionId.Parse(row.Id), row.Key[0])));
                if ((cursor = page.Next) is null)
                {
                    break;
                }
            }
        }

        return running;
    }

    /// <summary>Makes sure that the month's collection is there, so that the first launch of a month does not wait for it.</summary>
    public async ValueTask PrepareMonthAsync(DateTimeOffset time, CancellationToken cancellationToken = default) => await IsKeptAsync(time, cancellationToken);

    /// <summary>Writes to the month of a fire time, which exists afterwards unless it lies before the horizon.</summary>
    /// <returns>The results; none where the month is not kept any more.</returns>
    private async ValueTask<IReadOnlyList<WriteResult>> WriteAsync(DateTimeOffset fireTime, List<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var collection = JobCollections.ExecutionsOf(fireTime);
        while (await IsKeptAsync(fireTime, cancellationToken))
        {
            try
            {
                return writes.Count == 1 ? [await store.WriteAsync(collection, writes[0], cancellationToken)] : await store.WriteManyAsync(collection, writes, cancellationToken);
            }
            catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
            {
                _ready.TryRemove(collection, out _); // it was dropped
            }
        }

        return [];
    }

    // The horizon is read after the collection was made: whoever drops the month saved it before, so that one of the two notices the other.
    private async ValueTask<bool> IsKeptAsync(DateTimeOffset fireTime, CancellationToken cancellationToken)
    {
        var collection = JobCollections.ExecutionsOf(fireTime);
        if (_ready.ContainsKey(collection))
        {
            return true;
        }

        if (fireTime < Horizon.Known)
        {
            return false;
        }

        await store.EnsureCollectionAsync(JobCollections.ExecutionsDefinition(collection), cancellationToken);
        if (fireTime < await Horizon.ReadAsync(cancellationToken))
        {
            await store.DropCollectionAsync(collection, cancellationToken);
            return false;
        }

        _ready[collection] = true;
        return true;
    }

    private static ExecutionDocument Read(ReadOnlyMemory<byte> body)
    {
        var execution = JsonSerializer.Deserialize(body.Span, DcronJson.Default.ExecutionDocument) ?? throw new JsonException("an execution's document is null");
        return execution.UnsuccessfulAt is null ? execution : execution with { UnsuccessfulAt = null };
    }

    internal static byte[] Write(ExecutionDocument execution) => JsonSerializer.SerializeToUtf8Bytes(
        execution.ExecutionResult.IsUnsuccessful() ? execution with { UnsuccessfulAt = execution.ExecutionDate } : execution, DcronJson.Default.ExecutionDocument);
}

/// <summary>An execution's document and the revision to replace it by.</summary>
public sealed record StoredExecution(ExecutionDocument Execution, string Revision);

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

    /// <summary>Creates the document unless it exists.</summary>
    /// <returns>The revision, or null when somebody was first.</returns>
    public async ValueTask<string?> CreateAsync(ExecutionDocument execution, CancellationToken cancellationToken = default)
    {
        var collection = await MonthOf(execution.ExecutionId, cancellationToken);
        var write = new DocumentWrite.Create(execution.ExecutionId.ToString(), Write(execution));
        return await store.WriteAsync(collection, write, cancellationToken) is WriteResult.Written written ? written.Revision : null;
    }

    /// <summary>Creates each document that does not exist yet.</summary>
    /// <returns>For each, whether it was created here.</returns>
    public async ValueTask<IReadOnlyList<bool>> CreateManyAsync(IReadOnlyList<ExecutionDocument> executions, CancellationToken cancellationToken = default)
    {
        var created = new bool[executions.Count];
        foreach (var month in Enumerable.Range(0, executions.Count).GroupBy(i => JobCollections.ExecutionsOf(executions[i].ExecutionId)))
        {
            var positions = month.ToList();
            var collection = await MonthOf(executions[positions[0]].ExecutionId, cancellationToken);
            var writes = positions.ConvertAll(DocumentWrite (i) => new DocumentWrite.Create(executions[i].ExecutionId.ToString(), Write(executions[i])));
            var results = await store.WriteManyAsync(collection, writes, cancellationToken);
            for (var i = 0; i < results.Count; i++)
            {
                created[positions[i]] = results[i] is WriteResult.Written;
            }
        }

        return created;
    }

    /// <summary>Replaces the document if it still has this revision.</summary>
    /// <returns>The new revision, or null when it has changed meanwhile.</returns>
    public async ValueTask<string?> ReplaceAsync(ExecutionDocument execution, string revision, CancellationToken cancellationToken = default)
    {
        var write = new DocumentWrite.Replace(execution.ExecutionId.ToString(), revision, Write(execution));
        return await store.WriteAsync(JobCollections.ExecutionsOf(execution.ExecutionId), write, cancellationToken) is WriteResult.Written written
            ? written.Revision
            : null;
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

    /// <summary>Makes sure that the month's collection is there, so that the first launch of a month does not wait for it.</summary>
    public async ValueTask PrepareMonthAsync(DateTimeOffset time, CancellationToken cancellationToken = default)
    {
        var collection = JobCollections.ExecutionsOf(time);
        if (!_ready.ContainsKey(collection))
        {
            await store.EnsureCollectionAsync(JobCollections.ExecutionsDefinition(collection), cancellationToken);
            _ready[collection] = true;
        }
    }

    private async ValueTask<string> MonthOf(ExecutionId id, CancellationToken cancellationToken)
    {
        await PrepareMonthAsync(id.FireTime, cancellationToken);
        return JobCollections.ExecutionsOf(id);
    }

    private static ExecutionDocument Read(ReadOnlyMemory<byte> body) =>
        JsonSerializer.Deserialize(body.Span, DcronJson.Default.ExecutionDocument) ?? throw new JsonException("an execution's document is null");

    private static byte[] Write(ExecutionDocument execution) => JsonSerializer.SerializeToUtf8Bytes(execution, DcronJson.Default.ExecutionDocument);
}

/// <summary>An execution's document and the revision to replace it by.</summary>
public sealed record StoredExecution(ExecutionDocument Execution, string Revision);

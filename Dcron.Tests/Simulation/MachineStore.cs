using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>The database as one machine reaches it: after a while, or not; a write may be carried out although it failed, and even long after it failed.</summary>
internal sealed class MachineStore(Machine machine, MemoryDatabase database, Faults faults) : IDocumentStore
{
    public ValueTask EnsureCollectionAsync(CollectionDefinition definition, CancellationToken cancellationToken = default) =>
        new(CallAsync(async () =>
        {
            await database.EnsureCollectionAsync(definition, cancellationToken);
            return true;
        }));

    public ValueTask<bool> DropCollectionAsync(string collection, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => faults.DropAsync(database, collection)));

    public ValueTask<IReadOnlyList<string>> ListCollectionsAsync(string prefix, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => database.ListCollectionsAsync(prefix, cancellationToken)));

    public ValueTask<Document?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => database.GetAsync(collection, id, cancellationToken)));

    public ValueTask<IReadOnlyList<Document?>> GetManyAsync(string collection, IReadOnlyList<string> ids, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => database.GetManyAsync(collection, ids, cancellationToken)));

    public ValueTask<WriteResult> WriteAsync(string collection, DocumentWrite write, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => faults.WriteAsync(database, collection, write)));

    public ValueTask<IReadOnlyList<WriteResult>> WriteManyAsync(string collection, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken = default) =>
        new(CallAsync<IReadOnlyList<WriteResult>>(async () =>
        {
            var results = new List<WriteResult>();
            foreach (var write in writes)
            {
                results.Add(await faults.WriteAsync(database, collection, write));
            }

            return results;
        }));

    public ValueTask<DocumentPage> QueryAsync(string collection, IndexQuery query, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => database.QueryAsync(collection, query, cancellationToken)));

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => new(CallAsync(() => new ValueTask<bool>(true)));

    private Task<T> CallAsync<T>(Func<ValueTask<T>> call)
    {
        var world = machine.World;
        var answer = new TaskCompletionSource<T>();
        var fault = faults.OfStore(world);
        if (fault is not StoreFault.NeverHappens)
        {
            // At the database; the answer travels back, and reaches a machine that is paused when it goes on, and a dead one never.
            var late = fault == StoreFault.HappensLater ? world.Between(2_000, 40_000) : TimeSpan.Zero;
            world.After(faults.Latency(world) + late, null, () =>
            {
                var done = Answer(call);
                if (!done.IsCompleted)
                {
                    throw new InvalidOperationException("The database in memory answers at once.");
                }

                if (fault == StoreFault.None)
                {
                    world.After(faults.Latency(world), machine, () => Complete(answer, done));
                }
                else
                {
                    _ = done.AsTask().Exception; // nobody hears of it
                }
            });
        }

        if (fault != StoreFault.None)
        {
            world.After(world.Between(5, 2_000), machine, () => answer.TrySetException(new DocumentStoreUnavailableException($"simulated: {fault}")));
        }

        return answer.Task;
    }

    private static ValueTask<T> Answer<T>(Func<ValueTask<T>> call)
    {
        try
        {
            return call();
        }
        catch (InvalidOperationException exception)
        {
            return ValueTask.FromException<T>(exception); // there is no such collection
        }
    }

    private static void Complete<T>(TaskCompletionSource<T> answer, ValueTask<T> done)
    {
        try
        {
            answer.TrySetResult(done.GetAwaiter().GetResult());
        }
        catch (Exception exception)
        {
            answer.TrySetException(exception);
        }
    }
}

internal enum StoreFault
{
    None,

    NeverHappens,

    /// <summary>It happens, and the answer gets lost.</summary>
    AnswerLost,

    /// <summary>It happens after its writer has given it up.</summary>
    HappensLater,
}

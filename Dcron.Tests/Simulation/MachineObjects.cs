using System.Runtime.CompilerServices;
using Dcron.Storage.Objects;

namespace Dcron.Tests.Simulation;

/// <summary>What the object store holds: scripts that somebody overwrites, and the copies that were pinned.</summary>
internal sealed class MemoryObjects
{
    private readonly SortedDictionary<string, (byte[] Bytes, int Tag)> _objects = new(StringComparer.Ordinal);
    private int _writes;

    public void Put(string location, byte[] bytes) => _objects[location] = (bytes, ++_writes);

    public (byte[] Bytes, int Tag)? Find(string location) => _objects.TryGetValue(location, out var found) ? found : null;
}

/// <summary>The object store as one machine reaches it: after a while, or not.</summary>
internal sealed class MachineObjects(Machine machine, MemoryObjects objects, Faults faults) : IObjectStore
{
    public string DefaultBucket => "dcron";

    public ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask PutAsync(ObjectLocation location, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellationToken = default) =>
        new(CallAsync(() =>
        {
            objects.Put(location.ToString(), content.ToArray());
            return true;
        }));

    public ValueTask PutFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Simulated scripts have no logs.");

    public ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange? range = null, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => objects.Find(location.ToString()) is { } found ? new ObjectContent(new MemoryStream(found.Bytes), found.Bytes.Length) : null));

    public ValueTask<ObjectStat?> StatAsync(ObjectLocation location, CancellationToken cancellationToken = default) =>
        new(CallAsync(() => objects.Find(location.ToString()) is { } found
            ? new ObjectStat(location, found.Bytes.Length, machine.World.Begin, found.Tag.ToString(System.Globalization.CultureInfo.InvariantCulture))
            : null));

    public async IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await CallAsync(() => true);
        yield break;
    }

    public ValueTask<bool> DeleteAsync(ObjectLocation location, CancellationToken cancellationToken = default) => throw new NotSupportedException("Simulated scripts have no logs.");

    public ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default) => default;

    private Task<T> CallAsync<T>(Func<T> call)
    {
        var world = machine.World;
        var answer = new TaskCompletionSource<T>();
        if (faults.ObjectStoreFails(world))
        {
            world.After(world.Between(5, 2_000), machine, () => answer.TrySetException(new ObjectStoreUnavailableException("simulated")));
        }
        else
        {
            world.After(faults.Latency(world), machine, () => answer.TrySetResult(call()));
        }

        return answer.Task;
    }
}

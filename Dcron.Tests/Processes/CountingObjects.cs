using System.Collections.Concurrent;
using System.Globalization;
using Dcron.Storage.Objects;

namespace Dcron.Tests.Processes;

/// <summary>An object store in memory that counts what it is asked, and may be out of reach.</summary>
internal sealed class CountingObjects : IObjectStore
{
    private readonly ConcurrentDictionary<ObjectLocation, (byte[] Bytes, int Version)> _objects = new();
    private int _versions;
    private int _opened;
    private int _asked;

    public string DefaultBucket => "dcron";

    /// <summary>Reads of objects so far.</summary>
    public int Opened => _opened;

    /// <summary>Calls of any kind so far.</summary>
    public int Asked => _asked;

    public bool IsOutOfReach { get; set; }

    /// <summary>Reads wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Files are taken when it is over.</summary>
    public Task FileGate { get; set; } = Task.CompletedTask;

    public ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask PutAsync(ObjectLocation location, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellationToken = default)
    {
        Ask();
        _objects[location] = (content.ToArray(), Interlocked.Increment(ref _versions));
        return default;
    }

    public async ValueTask PutFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default)
    {
        Ask();
        await FileGate.WaitAsync(cancellationToken);
        await PutAsync(location, await File.ReadAllBytesAsync(path, cancellationToken), contentType, cancellationToken);
    }

    public async ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange? range = null, CancellationToken cancellationToken = default)
    {
        Ask();
        Interlocked.Increment(ref _opened);
        await Gate;
        return _objects.TryGetValue(location, out var found) ? new ObjectContent(new MemoryStream(found.Bytes), found.Bytes.Length) : null;
    }

    public ValueTask<ObjectStat?> StatAsync(ObjectLocation location, CancellationToken cancellationToken = default)
    {
        Ask();
        return ValueTask.FromResult(_objects.TryGetValue(location, out var found)
            ? new ObjectStat(location, found.Bytes.Length, DateTimeOffset.UnixEpoch, found.Version.ToString(CultureInfo.InvariantCulture))
            : null);
    }

    public IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask<bool> DeleteAsync(ObjectLocation location, CancellationToken cancellationToken = default) => ValueTask.FromResult(_objects.TryRemove(location, out _));

    public ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default) => default;

    private void Ask()
    {
        Interlocked.Increment(ref _asked);
        if (IsOutOfReach)
        {
            throw new ObjectStoreUnavailableException("the store is out of reach");
        }
    }
}

namespace Dcron.Storage.Objects;

/// <summary>Where scripts and logs live: whole objects under bucket and key.</summary>
/// <remarks>
/// Every member throws <see cref="ObjectStoreUnavailableException"/> when the store can't be reached or refuses for its own reasons
/// (credentials, disk full). An object appears whole or not at all.
/// </remarks>
public interface IObjectStore
{
    /// <summary>The bucket for dcron's own objects, used where a location names none.</summary>
    string DefaultBucket { get; }

    /// <summary>Creates or checks the default bucket. Idempotent.</summary>
    ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default);

    /// <summary>Whether the default bucket can be reached now: for those who ask every few seconds, and so cheaper than making it ready where that can be.</summary>
    ValueTask PingAsync(CancellationToken cancellationToken = default) => EnsureReadyAsync(cancellationToken);

    /// <summary>Stores bytes, replacing what was there. Durable when it returns.</summary>
    ValueTask PutAsync(ObjectLocation location, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellationToken = default);

    /// <summary>Stores a file of this machine, replacing what was there, without holding it in memory. Durable when it returns.</summary>
    ValueTask PutFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a file of this machine and removes it; cheaper than <see cref="PutFileAsync"/> where the store can move it. Nobody may
    /// write to the file any more. When this fails, the file is still there or the object is: try again while the file exists.
    /// </summary>
    async ValueTask TakeFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default)
    {
        await PutFileAsync(location, path, contentType, cancellationToken).ConfigureAwait(false);
        File.Delete(path);
    }

    /// <summary>Opens an object, or a part of it, for reading; null when it does not exist.</summary>
    ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange? range = null, CancellationToken cancellationToken = default);

    /// <summary>Size, time and tag; null when it does not exist.</summary>
    ValueTask<ObjectStat?> StatAsync(ObjectLocation location, CancellationToken cancellationToken = default);

    /// <summary>All objects of a bucket whose key begins with the prefix, in ascending byte order of the key.</summary>
    IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, CancellationToken cancellationToken = default);

    /// <summary>Removes an object; false when there was none.</summary>
    ValueTask<bool> DeleteAsync(ObjectLocation location, CancellationToken cancellationToken = default);

    /// <summary>A URL under which anybody can GET (or PUT) this object until it expires; null where the store has no such thing.</summary>
    ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default);
}

public enum PresignedVerb
{
    Get,
    Put,
}

/// <summary>A part of an object, in bytes.</summary>
/// <param name="From">First byte, from 0. Beyond the end gives an empty content.</param>
/// <param name="Length">How many at most; null for the rest.</param>
public readonly record struct ByteRange(long From, long? Length);

/// <summary>What is known of an object without reading it.</summary>
/// <param name="Tag">Opaque; changes when the content is replaced.</param>
public sealed record ObjectStat(ObjectLocation Location, long Size, DateTimeOffset ModifiedAt, string Tag);

/// <summary>An open object. Dispose it.</summary>
public sealed class ObjectContent(Stream stream, long totalSize) : IAsyncDisposable
{
    /// <summary>The bytes asked for. A store that breaks off is told as everywhere here, and never as the end.</summary>
    public Stream Stream { get; } = stream;

    /// <summary>Size of the whole object in bytes, also when only a part was asked for.</summary>
    public long TotalSize { get; } = totalSize;

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}

using System.Globalization;
using System.Runtime.CompilerServices;

namespace Dcron.Storage.Objects.Folder;

/// <summary>
/// Objects as files below a folder (<see cref="ObjectPaths"/>). A put writes elsewhere, makes the bytes durable, moves the file to its place and makes that
/// durable, so that readers see the old object or the new one, also after a crash. Symbolic links below the root are never followed.
/// </summary>
internal sealed class FolderObjectStore : IObjectStore, IDisposable
{
    private const int MaxThreads = 8;

    private readonly string _root;
    private readonly ObjectFiles _files;
    private readonly BlockingThreads _threads = new("dcron object writer", MaxThreads);

    /// <param name="root">The folder; created where it is missing.</param>
    /// <param name="defaultBucket">The bucket for dcron's own objects.</param>
    /// <param name="time">Gives the objects their times.</param>
    public FolderObjectStore(string root, string defaultBucket, TimeProvider time)
    {
        _root = Path.GetFullPath(root);
        _files = new ObjectFiles(_root, time);
        DefaultBucket = defaultBucket;
    }

    public string DefaultBucket { get; }

    public async ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default)
    {
        await GuardedAsync(
            () =>
            {
                _files.Prepare(DefaultBucket);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask PutAsync(ObjectLocation location, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellationToken = default)
    {
        Check(location);
        await GuardedAsync(
            () =>
            {
                _files.Put(location, handle => RandomAccess.Write(handle, content.Span, 0));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask PutFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default)
    {
        Check(location);

        // Whoever writes the file may still have it open. That it is missing is the caller's mistake, not this store's.
        using var source = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await GuardedAsync(
            () =>
            {
                _files.Put(location, target => DurableFiles.Copy(source, target));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask TakeFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default)
    {
        Check(location);
        using var source = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        await GuardedAsync(
            () =>
            {
                _files.Take(location, path, source);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange? range = null, CancellationToken cancellationToken = default)
    {
        Check(location);
        cancellationToken.ThrowIfCancellationRequested();
        var part = range ?? new ByteRange(0, null);
        ArgumentOutOfRangeException.ThrowIfNegative(part.From, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegative(part.Length ?? 0, nameof(range));
        return new ValueTask<ObjectContent?>(Guarded<ObjectContent?>(() =>
        {
            if (!_files.TryPath(location, out var path))
            {
                return null;
            }

            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            try
            {
                var size = RandomAccess.GetLength(file);
                var from = Math.Min(part.From, size);
                return new ObjectContent(new FileRangeStream(file, from, Math.Min(part.Length ?? long.MaxValue, size - from)), size);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }));
    }

    public ValueTask<ObjectStat?> StatAsync(ObjectLocation location, CancellationToken cancellationToken = default)
    {
        Check(location);
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<ObjectStat?>(Guarded(() => _files.TryPath(location, out var path) ? Stat(location, path) : null));
    }

    public async IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ObjectLocation.Of(bucket, "any"); // refuses what is no bucket
        if (prefix.Contains('\0', StringComparison.Ordinal) || ObjectFiles.IsLink(Path.Join(_root, bucket)))
        {
            yield break;
        }

        var listing = new FolderListing(Path.Join(_root, bucket), prefix);
        while (await GuardedAsync(listing.Next, cancellationToken).ConfigureAwait(false) is { } files)
        {
            foreach (var (key, path) in files)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (ObjectLocation.TryParse($"s3://{bucket}/{key}", out var location, out _) && Guarded(() => Stat(location, path)) is { } stat)
                {
                    yield return stat;
                }
            }
        }
    }

    public async ValueTask<bool> DeleteAsync(ObjectLocation location, CancellationToken cancellationToken = default)
    {
        Check(location);
        return await GuardedAsync(() => _files.Delete(location), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A folder has no URLs: always null.</summary>
    public ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default) => new((Uri?)null);

    public void Dispose()
    {
        _threads.Dispose();
        _files.Dispose();
    }

    private static void Check(ObjectLocation location) => ArgumentException.ThrowIfNullOrEmpty(location.Key, nameof(location));

    private static ObjectStat? Stat(ObjectLocation location, string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.LinkTarget is not null)
        {
            return null;
        }

        // Each put has a time of its own (NextStamp), so time and size tell contents apart.
        var modifiedAt = file.LastWriteTimeUtc;
        return new ObjectStat(location, file.Length, modifiedAt, string.Create(CultureInfo.InvariantCulture, $"{modifiedAt.Ticks:x}-{file.Length:x}"));
    }

    private Task<T> GuardedAsync<T>(Func<T> function, CancellationToken cancellationToken) => _threads.RunAsync(() => Guarded(function), cancellationToken);

    private T Guarded<T>(Func<T> function)
    {
        try
        {
            return function();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && default(T) is null)
        {
            return default!; // it was there a moment ago, and has been deleted since
        }
        catch (Exception e) when (FolderErrors.IsOfFileSystem(e))
        {
            throw FolderErrors.Unavailable(_root, e);
        }
    }
}

using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Dcron.Storage.Objects.Folder;

/// <summary>
/// Objects as files below a folder (<see cref="ObjectPaths"/>). A put writes elsewhere, makes the bytes durable, moves the file to its place and makes that
/// durable, so that readers see the old object or the new one, also after a crash. Symbolic links below the root are never followed.
/// </summary>
internal sealed class FolderObjectStore : IObjectStore, IDisposable
{
    private const int MaxThreads = 8;
    private const int MaxMoves = 100;

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly TempFiles _temp;
    private readonly BlockingThreads _threads = new("dcron object writer", MaxThreads);
    private long _lastStamp;

    /// <param name="root">The folder; created where it is missing.</param>
    /// <param name="defaultBucket">The bucket for dcron's own objects.</param>
    /// <param name="time">Gives the objects their times.</param>
    public FolderObjectStore(string root, string defaultBucket, TimeProvider time)
    {
        _root = Path.GetFullPath(root);
        _time = time;
        _temp = new TempFiles(_root);
        DefaultBucket = defaultBucket;
    }

    public string DefaultBucket { get; }

    public async ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default)
    {
        await GuardedAsync(
            () =>
            {
                CreateRoot();
                _temp.RemoveAbandoned();
                DurableFiles.CreateFolder(Path.Join(_root, DefaultBucket));
                var probe = _temp.NewPath(); // better to hear of a read-only or full disk now than when the first log is ready
                WriteTemp(probe, static handle => RandomAccess.Write(handle, "probe"u8, 0));
                File.Delete(probe);
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
                Put(location, handle => RandomAccess.Write(handle, content.Span, 0));
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
                Put(location, target => DurableFiles.Copy(source, target));
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
            if (!TryPath(location, out var path))
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
        return new ValueTask<ObjectStat?>(Guarded(() => TryPath(location, out var path) ? Stat(location, path) : null));
    }

    public async IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ObjectLocation.Of(bucket, "any"); // refuses what is no bucket
        if (prefix.Contains('\0', StringComparison.Ordinal) || IsLink(Path.Join(_root, bucket)))
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
        return await GuardedAsync(() => Delete(location), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A folder has no URLs: always null.</summary>
    public ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default) => new((Uri?)null);

    public void Dispose()
    {
        _threads.Dispose();
        _temp.Dispose();
    }

    private static void Check(ObjectLocation location) => ArgumentException.ThrowIfNullOrEmpty(location.Key, nameof(location));

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

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

    /// <returns>False when there is no such object, or a link on the way to it.</returns>
    private bool TryPath(ObjectLocation location, out string path)
    {
        var relative = ObjectPaths.RelativePath(location);
        path = Path.Join(_root, relative);
        try
        {
            // Unlike File.Exists, this tells a missing file from a forbidden one.
            return !File.GetAttributes(path).HasFlag(FileAttributes.Directory) && FindLink(relative) is null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private string? FindLink(string relativePath)
    {
        for (var end = relativePath.IndexOf(Path.DirectorySeparatorChar); ; end = relativePath.IndexOf(Path.DirectorySeparatorChar, end + 1))
        {
            var path = Path.Join(_root, end < 0 ? relativePath : relativePath.AsSpan(0, end));
            if (IsLink(path))
            {
                return path;
            }

            if (end < 0)
            {
                return null;
            }
        }
    }

    private void Put(ObjectLocation location, Action<SafeFileHandle> write)
    {
        var relative = ObjectPaths.RelativePath(location);
        if (FindLink(relative) is { } link)
        {
            throw new ObjectStoreUnavailableException($"The object '{location}' can't be written: '{link}' is a symbolic link, and links below the object folder are not followed; remove it.");
        }

        CreateRoot();
        var temp = _temp.NewPath();
        try
        {
            WriteTemp(temp, write);
            MoveInto(temp, Path.Join(_root, relative));
        }
        catch
        {
            File.Delete(temp);
            throw;
        }
    }

    private void WriteTemp(string path, Action<SafeFileHandle> write)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        write(handle);
        File.SetLastWriteTimeUtc(handle, NextStamp());
        RandomAccess.FlushToDisk(handle);
    }

    private static void MoveInto(string temp, string target)
    {
        var folder = Path.GetDirectoryName(target)!;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                DurableFiles.CreateFolder(folder);
                File.Move(temp, target, overwrite: true);
                DurableFiles.FlushFolder(folder);
                return;
            }
            catch (IOException) when (attempt < MaxMoves && File.Exists(temp) && !Directory.Exists(folder))
            {
                // A deletion has just removed the folder because it was empty.
            }
        }
    }

    private bool Delete(ObjectLocation location)
    {
        if (!TryPath(location, out var path))
        {
            return false;
        }

        File.Delete(path);
        var bucket = Path.Join(_root, location.Bucket);
        try
        {
            for (var folder = Path.GetDirectoryName(path)!; folder != bucket; folder = Path.GetDirectoryName(folder)!)
            {
                Directory.Delete(folder); // only if it is empty
            }
        }
        catch (IOException)
        {
            // Not empty, or another deletion was faster.
        }

        return true;
    }

    private void CreateRoot()
    {
        if (Directory.Exists(_root))
        {
            return;
        }

        var parent = Path.GetDirectoryName(_root)!;
        Directory.CreateDirectory(parent);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_root);
        }
        else
        {
            // Logs and scripts are nobody else's business.
            Directory.CreateDirectory(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        DurableFiles.FlushFolder(parent);
    }

    /// <summary>Now, but later than any before: the clock of file systems is too coarse to tell two puts apart.</summary>
    private DateTime NextStamp()
    {
        while (true)
        {
            var last = Volatile.Read(ref _lastStamp);
            var stamp = Math.Max(_time.GetUtcNow().UtcTicks, last + 1);
            if (Interlocked.CompareExchange(ref _lastStamp, stamp, last) == last)
            {
                return new DateTime(stamp, DateTimeKind.Utc);
            }
        }
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

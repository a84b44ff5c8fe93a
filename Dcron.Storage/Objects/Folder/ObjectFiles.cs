using Microsoft.Win32.SafeHandles;

namespace Dcron.Storage.Objects.Folder;

/// <summary>The files below the root: how they come, are found and go. Everything here waits for the disk and throws what the file system says.</summary>
internal sealed class ObjectFiles(string root, TimeProvider time) : IDisposable
{
    private const int MaxMoves = 100;

    private readonly TempFiles _temp = new(root);
    private readonly FolderFlushes _flushes = new();
    private long _lastStamp;

    /// <summary>Creates what is missing, removes what dead processes left, and tries to write.</summary>
    public void Prepare(string bucket)
    {
        CreateRoot();
        _temp.RemoveAbandoned();
        DurableFiles.CreateFolder(Path.Join(root, bucket));
        var probe = _temp.NewPath(); // better to hear of a read-only or full disk now than when the first log is ready
        WriteTemp(probe, static handle => RandomAccess.Write(handle, "probe"u8, 0));
        File.Delete(probe);
    }

    public static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    public void Dispose() => _temp.Dispose();

    /// <returns>False when there is no such object, or a link on the way to it.</returns>
    public bool TryPath(ObjectLocation location, out string path)
    {
        var relative = ObjectPaths.RelativePath(location);
        path = Path.Join(root, relative);
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
            var path = Path.Join(root, end < 0 ? relativePath : relativePath.AsSpan(0, end));
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

    public void Put(ObjectLocation location, Action<SafeFileHandle> write)
    {
        var target = TargetPath(location);
        var temp = _temp.NewPath();
        try
        {
            WriteTemp(temp, write);
            MoveInto(temp, target);
        }
        catch
        {
            File.Delete(temp);
            throw;
        }
    }

    /// <param name="location">Where it goes.</param>
    /// <param name="path">The file that becomes the object.</param>
    /// <param name="source">The same file, open for reading and writing.</param>
    public void Take(ObjectLocation location, string path, SafeFileHandle source)
    {
        var target = TargetPath(location);
        if (!IsLink(path))
        {
            Seal(source);
            if (MoveInto(path, target))
            {
                return;
            }
        }

        Put(location, temp => DurableFiles.Copy(source, temp));
        File.Delete(path);
    }

    private string TargetPath(ObjectLocation location)
    {
        var relative = ObjectPaths.RelativePath(location);
        if (FindLink(relative) is { } link)
        {
            throw new ObjectStoreUnavailableException($"The object '{location}' can't be written: '{link}' is a symbolic link, and links below the object folder are not followed; remove it.");
        }

        CreateRoot();
        return Path.Join(root, relative);
    }

    private void WriteTemp(string path, Action<SafeFileHandle> write)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        write(handle);
        Seal(handle);
    }

    private void Seal(SafeFileHandle handle)
    {
        File.SetLastWriteTimeUtc(handle, NextStamp());
        RandomAccess.FlushToDisk(handle);
    }

    /// <returns>False when the file lies in another file system.</returns>
    private bool MoveInto(string source, string target)
    {
        var folder = Path.GetDirectoryName(target)!;
        for (var attempt = 1; ; attempt++)
        {
            DurableFiles.CreateFolder(folder);
            try
            {
                if (!DurableFiles.TryMove(source, target))
                {
                    return false;
                }

                _flushes.Flush(folder);
                return true;
            }
            catch (DirectoryNotFoundException) when (attempt < MaxMoves && File.Exists(source))
            {
                // A deletion has just removed the folder because it was empty.
            }
        }
    }

    public bool Delete(ObjectLocation location)
    {
        if (!TryPath(location, out var path))
        {
            return false;
        }

        File.Delete(path);
        var bucket = Path.Join(root, location.Bucket);
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
        if (Directory.Exists(root))
        {
            return;
        }

        var parent = Path.GetDirectoryName(root)!;
        Directory.CreateDirectory(parent);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(root);
        }
        else
        {
            // Logs and scripts are nobody else's business.
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        DurableFiles.FlushFolder(parent);
    }

    /// <summary>Now, but later than any before: the clock of file systems is too coarse to tell two puts apart.</summary>
    private DateTime NextStamp()
    {
        while (true)
        {
            var last = Volatile.Read(ref _lastStamp);
            var stamp = Math.Max(time.GetUtcNow().UtcTicks, last + 1);
            if (Interlocked.CompareExchange(ref _lastStamp, stamp, last) == last)
            {
                return new DateTime(stamp, DateTimeKind.Utc);
            }
        }
    }
}

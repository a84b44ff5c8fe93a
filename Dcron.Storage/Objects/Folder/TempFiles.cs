using System.Globalization;

namespace Dcron.Storage.Objects.Folder;

/// <summary>
/// Where objects are written before they are moved to their place: a folder of this store's own, in the same file system. A lock file beside it,
/// which the system releases however the process ends, tells others that it is still in use.
/// </summary>
internal sealed class TempFiles(string root) : IDisposable
{
    // No bucket begins with a dot.
    private const string FolderName = ".tmp";
    private const string LockSuffix = ".lock";

    private readonly Lock _gate = new();
    private FileStream? _lock;
    private long _count;

    /// <summary>A path that nobody else uses.</summary>
    public string NewPath() => Path.Join(OwnFolder(), Interlocked.Increment(ref _count).ToString("x", CultureInfo.InvariantCulture));

    /// <summary>Removes what processes left behind that are no more.</summary>
    public void RemoveAbandoned()
    {
        var all = Path.Join(root, FolderName);
        if (!Directory.Exists(all))
        {
            return;
        }

        foreach (var lockFile in Directory.EnumerateFiles(all, "*" + LockSuffix))
        {
            try
            {
                using var abandoned = new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                var folder = lockFile[..^LockSuffix.Length];
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }

                File.Delete(lockFile);
            }
            catch (IOException)
            {
                // Locked: its store lives. Or gone: another one cleans up too.
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_lock is null)
            {
                return;
            }

            try
            {
                Directory.Delete(_lock.Name[..^LockSuffix.Length], recursive: true);
                File.Delete(_lock.Name);
            }
            catch (Exception e) when (FolderErrors.IsOfFileSystem(e))
            {
                // The next process removes it.
            }

            _lock.Dispose();
            _lock = null;
        }
    }

    private string OwnFolder()
    {
        lock (_gate)
        {
            for (var attempt = 1; _lock is null; attempt++)
            {
                var name = Path.Join(root, FolderName, Guid.NewGuid().ToString("N"));
                Directory.CreateDirectory(Path.GetDirectoryName(name)!);
                try
                {
                    _lock = new FileStream(name + LockSuffix, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
                }
                catch (IOException) when (attempt < 3)
                {
                    // Another process has looked at it between its creation and its lock, and took it for abandoned.
                    continue;
                }

                Directory.CreateDirectory(name);
            }

            return _lock.Name[..^LockSuffix.Length];
        }
    }
}

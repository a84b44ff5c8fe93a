using System.Security.Cryptography;

namespace Dcron.Grains.Scripts;

internal readonly record struct CacheKey(string Sha256, string Name);

/// <summary>A file of the cache as it was when it was hashed.</summary>
internal sealed class CachedScript(string path, string sha256)
{
    private readonly DateTime _modifiedAt = File.GetLastWriteTimeUtc(path);

    public long Size { get; } = new FileInfo(path).Length;

    /// <summary>Timestamp of the clock.</summary>
    public long LastUsed { get; set; }

    public ScriptFetch.Ready Ready { get; } = new(path, sha256);

    public bool IsUnchanged()
    {
        var now = new FileInfo(Ready.Path);
        return now.Exists && now.Length == Size && now.LastWriteTimeUtc == _modifiedAt;
    }
}

/// <summary>The files of the cache.</summary>
internal sealed class CacheFolder(string root, long maxBytes, TimeProvider time)
{
    /// <summary>A script that was asked for this recently may be about to be opened by its interpreter.</summary>
    private static readonly TimeSpan InUse = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, long> _sizes = [];
    private bool _loaded;

    /// <summary>What is there from an earlier life of this worker, once its content was checked.</summary>
    public async Task<CachedScript?> FindAsync(CacheKey key)
    {
        var path = PathOf(key);
        if (!File.Exists(path))
        {
            return null;
        }

        var script = new CachedScript(path, key.Sha256);
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file)) == key.Sha256 && script.IsUnchanged() ? script : null;
    }

    /// <summary>Adds a file whole or not at all.</summary>
    public async Task<CachedScript> AddAsync(CacheKey key, byte[] bytes)
    {
        var path = PathOf(key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var unfinished = Path.Combine(root, $"new-{Guid.NewGuid():N}");
        try
        {
            // Read-only, so that a script does not change itself by mistake, and readable for the user that scripts run as.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            }

            await using (var file = new FileStream(unfinished, options))
            {
                await file.WriteAsync(bytes);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        return new CachedScript(path, key.Sha256);
    }

    /// <summary>Removes what was not used for longest, until the rest fits.</summary>
    /// <returns>What was removed.</returns>
    public IReadOnlyList<CacheKey> Evict(IReadOnlyDictionary<CacheKey, CachedScript> known)
    {
        lock (_lock)
        {
            LoadOnce();
            foreach (var (key, script) in known)
            {
                _sizes[key] = script.Size;
            }

            List<CacheKey> evicted = [];
            var total = _sizes.Values.Sum();
            foreach (var key in total <= maxBytes ? [] : _sizes.Keys.OrderBy(key => known.GetValueOrDefault(key)?.LastUsed ?? long.MinValue).ToList())
            {
                var inUse = known.TryGetValue(key, out var script) && time.GetElapsedTime(script.LastUsed) < InUse;
                if (total <= maxBytes || inUse)
                {
                    break; // whatever follows was used later still
                }

                File.Delete(PathOf(key));
                total -= _sizes[key];
                _sizes.Remove(key);
                evicted.Add(key);
            }

            return evicted;
        }
    }

    private string PathOf(CacheKey key) => Path.Combine(root, key.Sha256, key.Name);

    private void LoadOnce()
    {
        if (_loaded)
        {
            return;
        }

        _loaded = true;
        foreach (var leftover in Directory.EnumerateFiles(root, "new-*").Where(path => File.GetLastWriteTimeUtc(path) < time.GetUtcNow() - InUse))
        {
            File.Delete(leftover);
        }

        foreach (var folder in new DirectoryInfo(root).EnumerateDirectories())
        {
            foreach (var file in folder.EnumerateFiles())
            {
                _sizes[new CacheKey(folder.Name, file.Name)] = file.Length;
            }
        }
    }
}

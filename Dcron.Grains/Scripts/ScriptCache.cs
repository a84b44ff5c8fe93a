using System.Diagnostics;
using System.Collections.Concurrent;
using Dcron.Storage.Objects;

namespace Dcron.Grains.Scripts;

/// <summary>What a worker gets when it asks for a script.</summary>
internal abstract record ScriptFetch
{
    private ScriptFetch()
    {
    }

    /// <param name="Path">Absolute path of a file that holds exactly the bytes of the hash; not to be written to.</param>
    public sealed record Ready(string Path, string Sha256) : ScriptFetch;

    /// <summary>The bytes are not to be had any more, or too many.</summary>
    /// <param name="Reason">A sentence without its full stop, beginning with the location.</param>
    public sealed record Missing(string Reason) : ScriptFetch;

    /// <summary>The store, or this machine's disk, does not let them be read now.</summary>
    public sealed record Unavailable(string Reason) : ScriptFetch;
}

/// <summary>
/// The scripts of this worker on its disk, by content: <c>HASH/FILE NAME</c>. A hit costs one look at the file. Nothing is trusted that was not
/// hashed by this process, and a file that changed since is fetched anew.
/// </summary>
/// <param name="store">Where scripts come from.</param>
/// <param name="folder">Its folder; created when needed.</param>
/// <param name="maxBytes">What all files may have together. It may be exceeded by those in use.</param>
/// <param name="time">For what is in use.</param>
internal sealed class ScriptCache(IObjectStore store, string folder, long maxBytes, TimeProvider time)
{
    public const long DefaultMaxBytes = 1024L * 1024 * 1024;

    private readonly ConcurrentDictionary<CacheKey, CachedScript> _scripts = new();
    private readonly ConcurrentDictionary<CacheKey, Lazy<Task<ScriptFetch>>> _fetches = new();
    private readonly CacheFolder _folder = new(folder, maxBytes, time);

    /// <summary>Answers with a file that holds the bytes of the hash, or what the location holds now if there is none.</summary>
    /// <param name="location">Where the job's script is.</param>
    /// <param name="sha256">What the launch was planned with; null when nobody could tell.</param>
    /// <param name="cancellationToken">Ends the wait; others that wait for the same script go on.</param>
    public async ValueTask<ScriptFetch> GetAsync(ObjectLocation location, string? sha256, CancellationToken cancellationToken = default)
    {
        var name = ScriptLayout.FileNameOf(location);
        if (sha256 is null)
        {
            return await FetchUnpinnedAsync(location, name, cancellationToken);
        }

        if (!ScriptLayout.IsHash(sha256))
        {
            throw new ArgumentException($"'{sha256}' is no SHA-256 in lower case hex.", nameof(sha256));
        }

        var key = new CacheKey(sha256, name);
        if (_scripts.TryGetValue(key, out var script) && script.IsUnchanged())
        {
            script.LastUsed = time.GetTimestamp();
            return script.Ready;
        }

        var fetch = _fetches.GetOrAdd(key, k => new Lazy<Task<ScriptFetch>>(() => Task.Run(() => FetchPinnedAsync(location, k))));
        return await fetch.Value.WaitAsync(cancellationToken);
    }

    private async Task<ScriptFetch> FetchPinnedAsync(ObjectLocation location, CacheKey key)
    {
        try
        {
            if (await _folder.FindAsync(key) is { } found)
            {
                return Keep(key, found);
            }

            var pinned = ScriptLayout.Pinned(store.DefaultBucket, key.Sha256, key.Name);
            var bytes = await ScriptBytes.ReadAsync(store, pinned, CancellationToken.None);
            if (bytes is not StoredBytes.Some || Differs(bytes, key))
            {
                bytes = location == pinned ? bytes : await ScriptBytes.ReadAsync(store, location, CancellationToken.None);
            }

            return bytes switch
            {
                StoredBytes.Some some when some.Sha256 == key.Sha256 => Keep(key, await _folder.AddAsync(key, some.Bytes)),
                StoredBytes.Some or StoredBytes.TooMany => new ScriptFetch.Missing(
                    $"{location} holds other bytes now, and the pinned ones (sha256 {key.Sha256}) are gone"),
                StoredBytes.None => new ScriptFetch.Missing($"{location} does not exist any more, and the pinned bytes (sha256 {key.Sha256}) are gone"),
                _ => throw new UnreachableException($"{bytes}"),
            };
        }
        catch (ObjectStoreUnavailableException exception)
        {
            return new ScriptFetch.Unavailable(exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new ScriptFetch.Unavailable($"the script cache can't be used: {exception.Message}");
        }
        finally
        {
            _fetches.TryRemove(key, out _);
        }
    }

    private async Task<ScriptFetch> FetchUnpinnedAsync(ObjectLocation location, string name, CancellationToken cancellationToken)
    {
        try
        {
            switch (await ScriptBytes.ReadAsync(store, location, cancellationToken))
            {
                case StoredBytes.None:
                    return new ScriptFetch.Missing($"{location} does not exist");
                case StoredBytes.TooMany:
                    return new ScriptFetch.Missing(ScriptLayout.TooLarge(location.ToString()));
                case StoredBytes.Some some:
                    var key = new CacheKey(some.Sha256, name);
                    return Keep(key, await _folder.FindAsync(key) ?? await _folder.AddAsync(key, some.Bytes));
                case var other:
                    throw new UnreachableException($"{other}");
            }
        }
        catch (ObjectStoreUnavailableException exception)
        {
            return new ScriptFetch.Unavailable(exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new ScriptFetch.Unavailable($"the script cache can't be used: {exception.Message}");
        }
    }

    private static bool Differs(StoredBytes bytes, CacheKey key) => bytes is StoredBytes.Some some && some.Sha256 != key.Sha256;

    private ScriptFetch.Ready Keep(CacheKey key, CachedScript script)
    {
        script.LastUsed = time.GetTimestamp();
        _scripts[key] = script;
        foreach (var evicted in _folder.Evict(_scripts))
        {
            _scripts.TryRemove(evicted, out _);
        }

        return script.Ready;
    }
}

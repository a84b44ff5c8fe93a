using Dcron.Grains.Access;
using Dcron.Storage.Objects;

namespace Dcron.Grains.Scripts;

/// <summary>What became of an upload.</summary>
internal abstract record ScriptUpload
{
    private ScriptUpload()
    {
    }

    /// <param name="Location">Bears the hash: a job that runs it costs no look at the store.</param>
    public sealed record Stored(ObjectLocation Location, string Sha256, long Size) : ScriptUpload;

    /// <param name="Reason">A sentence without its full stop.</param>
    public sealed record TooLarge(string Reason) : ScriptUpload;

    /// <param name="Reason">What the name must be.</param>
    public sealed record BadName(string Reason) : ScriptUpload;
}

/// <summary>Takes scripts from clients.</summary>
internal sealed class ScriptLibrary(IObjectStore store)
{
    public const string DefaultName = "script";

    /// <summary>Stores a script for good. The same bytes under the same name are stored once.</summary>
    /// <param name="content">The script; read to its end, or to the limit.</param>
    /// <param name="name">A file name; null for <see cref="DefaultName"/>.</param>
    /// <param name="announce">Told where the script goes, before it is stored; when it throws, nothing is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ObjectStoreUnavailableException">Nothing was stored.</exception>
    public async Task<ScriptUpload> StoreAsync(Stream content, string? name, Func<ObjectLocation, Task>? announce = null, CancellationToken cancellationToken = default)
    {
        name = string.IsNullOrEmpty(name) ? DefaultName : name;
        if (name.Contains('/'))
        {
            return new ScriptUpload.BadName("must be a file name, without folders");
        }

        if (!ReadableName.Is(name))
        {
            return new ScriptUpload.BadName("must have no control characters, nor any that turn text around");
        }

        if (await ScriptBytes.ReadAsync(content, cancellationToken) is not { } bytes)
        {
            return new ScriptUpload.TooLarge(ScriptLayout.TooLarge("the script"));
        }

        var hash = ScriptBytes.HashOf(bytes);
        ObjectLocation location;
        try
        {
            location = ScriptLayout.Pinned(store.DefaultBucket, hash, name);
        }
        catch (FormatException exception)
        {
            return new ScriptUpload.BadName($"can't be a file name: {exception.Message}");
        }

        if (announce is not null)
        {
            await announce(location);
        }

        await store.PutScriptAsync(location, bytes, cancellationToken);
        return new ScriptUpload.Stored(location, hash, bytes.Length);
    }
}

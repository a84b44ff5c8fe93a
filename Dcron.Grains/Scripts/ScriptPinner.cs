using System.Diagnostics;
using Dcron.Grains.Jobs;
using Dcron.Storage.Objects;

namespace Dcron.Grains.Scripts;

/// <summary>What a script location holds now.</summary>
internal abstract record ScriptPinning
{
    private ScriptPinning()
    {
    }

    /// <summary>These bytes, and they are kept whatever happens to the location.</summary>
    public sealed record Pinned(ScriptPin Pin) : ScriptPinning;

    /// <param name="Reason">A sentence without its full stop, beginning with the location.</param>
    public sealed record Missing(string Reason) : ScriptPinning;

    /// <summary>The store can't tell now.</summary>
    public sealed record Unknown(string Reason) : ScriptPinning;
}

/// <summary>
/// Pins scripts: a launch bears the hash of the bytes that it was planned with, and these are kept under their hash, so that overwriting an
/// object never changes what an owed launch runs.
/// </summary>
internal sealed class ScriptPinner(IObjectStore store)
{
    /// <param name="location">Where the job's script is.</param>
    /// <param name="previous">What was found there the last time: unchanged, it costs one look at the store, and none for an uploaded script.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ScriptPinning> PinAsync(ObjectLocation location, ScriptPin? previous, CancellationToken cancellationToken = default)
    {
        var known = previous?.Location == location.ToString() ? previous : null;
        var uploaded = ScriptLayout.TryReadHash(location, store.DefaultBucket, out var hash);
        if (uploaded && known?.Sha256 == hash)
        {
            return new ScriptPinning.Pinned(known!);
        }

        try
        {
            var stat = await store.StatAsync(location, cancellationToken);
            return stat switch
            {
                null => new ScriptPinning.Missing($"{location} does not exist"),
                { Size: > ScriptLayout.MaxBytes } => new ScriptPinning.Missing(ScriptLayout.TooLarge(location.ToString())),
                _ when uploaded => new ScriptPinning.Pinned(new ScriptPin(location.ToString(), hash!, stat.Tag)),
                _ when known?.Tag == stat.Tag => new ScriptPinning.Pinned(known),
                _ => await KeepAsync(stat, cancellationToken),
            };
        }
        catch (ObjectStoreUnavailableException exception)
        {
            return new ScriptPinning.Unknown(exception.Message);
        }
    }

    // The tag was read before the bytes: if they change in between, the next look sees another tag and reads again.
    private async Task<ScriptPinning> KeepAsync(ObjectStat stat, CancellationToken cancellationToken)
    {
        switch (await ScriptBytes.ReadAsync(store, stat.Location, cancellationToken))
        {
            case StoredBytes.None:
                return new ScriptPinning.Missing($"{stat.Location} does not exist");
            case StoredBytes.TooMany:
                return new ScriptPinning.Missing(ScriptLayout.TooLarge(stat.Location.ToString()));
            case StoredBytes.Some some:
                await store.PutScriptAsync(ScriptLayout.Pinned(store.DefaultBucket, some.Sha256, ScriptLayout.FileNameOf(stat.Location)), some.Bytes, cancellationToken);
                return new ScriptPinning.Pinned(new ScriptPin(stat.Location.ToString(), some.Sha256, stat.Tag));
            case var other:
                throw new UnreachableException($"{other}");
        }
    }
}

internal static class PinnedScripts
{
    /// <summary>Puts bytes where their hash says, unless they are there.</summary>
    public static async Task PutScriptAsync(this IObjectStore store, ObjectLocation pinned, byte[] bytes, CancellationToken cancellationToken)
    {
        if ((await store.StatAsync(pinned, cancellationToken))?.Size != bytes.Length)
        {
            await store.PutAsync(pinned, bytes, ScriptLayout.ContentType, cancellationToken);
        }
    }
}

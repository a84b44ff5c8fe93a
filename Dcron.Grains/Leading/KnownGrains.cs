namespace Dcron.Grains.Leading;

/// <summary>
/// References to grains that are called again and again. For each one that is asked for, Orleans looks up the interface by reflection: 30 µs, several
/// times an execution.
/// </summary>
internal sealed class KnownGrains<TKey, TGrain>(Func<IGrainFactory, TKey, TGrain> find)
    where TKey : notnull
{
    private const int Most = 4096;

    private readonly Dictionary<TKey, TGrain> _known = [];

    public TGrain Of(IGrainFactory grains, TKey key)
    {
        if (_known.TryGetValue(key, out var grain))
        {
            return grain;
        }

        if (_known.Count == Most)
        {
            _known.Clear();
        }

        return _known[key] = find(grains, key);
    }
}

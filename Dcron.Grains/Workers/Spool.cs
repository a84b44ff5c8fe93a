using System.Globalization;
using Dcron.Grains.Ledger;

namespace Dcron.Grains.Workers;

/// <summary>
/// What this node has in hand, on its own disk: for each execution the claim, the log as it comes, and the outcome until it is stored.
/// It outlives the process, so that a node that was killed can tell afterwards what it was doing.
/// </summary>
/// <remarks>
/// Each start of the node has a folder of its own in it, so that what an earlier one left is never mistaken for its own. In it lie one journal
/// and a log for each execution, which the object store takes away.
/// </remarks>
/// <param name="root">The spool of this node, the same at each start.</param>
/// <param name="generation">Of this start; rises.</param>
internal sealed class Spool(string root, int generation) : IDisposable
{
    private readonly string _own = Path.Combine(root, generation.ToString(CultureInfo.InvariantCulture));
    private readonly List<SpoolJournal> _earlier = [];

    /// <summary>Of this start.</summary>
    public SpoolJournal Journal { get; } = new(Path.Combine(root, generation.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Of earlier starts, once <see cref="Leftovers"/> has looked for them.</summary>
    public IReadOnlyList<SpoolJournal> EarlierJournals => _earlier;

    /// <inheritdoc cref="SpoolJournal.TryAppend(StartDocument, out string?)"/>
    public bool TryAppend(StartDocument start, out string? failure) => Journal.TryAppend(start, out failure);

    /// <exception cref="IOException">The disk is full or does not work.</exception>
    public SpoolEntry Create(SpooledClaim claim)
    {
        Journal.Append(claim);
        return new SpoolEntry(Journal, claim.Launch.ExecutionId.ToString());
    }

    /// <summary>What earlier processes left behind.</summary>
    public IReadOnlyList<SpoolEntry> Leftovers()
    {
        CloseEarlier();
        var leftovers = new List<SpoolEntry>();
        foreach (var folder in EarlierStarts())
        {
            var journal = SpoolJournal.Read(folder);
            _earlier.Add(journal);
            leftovers.AddRange(journal.Names.Union(SpoolEntry.LogsIn(folder)).Order(StringComparer.Ordinal).Select(name => new SpoolEntry(journal, name)));
        }

        return leftovers;
    }

    /// <summary>Removes the folders of earlier starts that nothing is left in.</summary>
    public void DeleteEmpty()
    {
        foreach (var journal in _earlier.Where(journal => !journal.Names.Any() && journal.UnstoredStarts(1).Count == 0 && !SpoolEntry.LogsIn(journal.Folder).Any()))
        {
            journal.Dispose();
            Directory.Delete(journal.Folder, recursive: true);
        }

        CloseEarlier();
    }

    public void Dispose()
    {
        Journal.Dispose();
        CloseEarlier();
    }

    private void CloseEarlier()
    {
        _earlier.ForEach(journal => journal.Dispose());
        _earlier.Clear();
    }

    private List<string> EarlierStarts() =>
        Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root).Where(folder => folder != _own)] : [];
}

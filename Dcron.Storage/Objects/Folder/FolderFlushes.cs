using System.Collections.Concurrent;

namespace Dcron.Storage.Objects.Folder;

/// <summary>Makes folders' entries durable: who asks while a folder is being flushed shares the next flush with all others who asked meanwhile.</summary>
internal sealed class FolderFlushes
{
    // One hour's logs lie in one folder: those of earlier ones are not asked for again.
    private const int MostFolders = 100;

    private readonly ConcurrentDictionary<string, Turns> _folders = new(StringComparer.Ordinal);

    /// <summary>Returns when all that was in the folder before the call is durable.</summary>
    public void Flush(string folder)
    {
        if (_folders.Count > MostFolders)
        {
            _folders.Clear(); // who waits at one of them goes on there
        }

        var turns = _folders.GetOrAdd(folder, static _ => new Turns());
        var mine = Interlocked.Increment(ref turns.Asked);
        lock (turns)
        {
            if (turns.Done >= mine)
            {
                return;
            }

            var upTo = Interlocked.Read(ref turns.Asked);
            DurableFiles.FlushFolder(folder);
            turns.Done = upTo;
        }
    }

    private sealed class Turns
    {
        public long Asked;
        public long Done;
    }
}

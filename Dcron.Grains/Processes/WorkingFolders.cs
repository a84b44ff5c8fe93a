using System.Collections.Concurrent;
using System.Globalization;
using Dcron.Grains.Processes.Containing;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>A folder for each execution, empty when it begins and gone when it is over.</summary>
/// <remarks>
/// One that a script left as it found it gets another name and is given to a later execution: ext4 gives no inode out again within a minute of its
/// removal but looks at each of them, so that a folder made and removed for each execution makes every new file of the node slower.
/// </remarks>
/// <param name="root">The folder that holds them; created when needed.</param>
/// <param name="time">For the bound on removing.</param>
internal sealed class WorkingFolders(string root, TimeProvider time)
{
    /// <summary>A script may leave millions of files. What is not removed in this time is left to <see cref="Sweep"/>.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(10);

    private const uint OnlyOwner = 0x1c0;
    private const int MostSpares = 64;
    private const string Ahead = ".ahead-"; // no execution's folder begins with a dot

    private readonly ConcurrentBag<string> _spares = [];
    private readonly ConcurrentDictionary<string, string> _assigned = new(StringComparer.Ordinal);
    private int _lastSpare;

    /// <summary>Folders for the scripts themselves, beside these.</summary>
    public ScriptFolders Scripts { get; } = new(root);

    /// <summary>Makes a folder for an execution that is not known yet.</summary>
    /// <param name="number">Of no other such folder.</param>
    /// <exception cref="IOException">The disk does not let it.</exception>
    public string CreateAhead(int number) => CreateAt(Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"{Ahead}{number}")));

    /// <summary>Such a folder is that execution's from now on, under the name that it has: somebody may be on the way to it.</summary>
    public void Assign(string ahead, string executionId) => _assigned[executionId] = ahead;

    /// <summary>Removes a folder that was made for no execution after all.</summary>
    public void Discard(string ahead) => _ = TryKeep(ahead) || FolderRemoval.Remove(ahead, RemovalLimit, time);

    /// <summary>Makes the folder anew; what a crash left there is removed first.</summary>
    /// <returns>Its absolute path.</returns>
    /// <exception cref="IOException">The disk does not let it; the message says why.</exception>
    public string Create(string executionId) => CreateAt(PathOf(executionId));

    /// <summary>Removes the folder with all that is in it. Links are removed, never followed.</summary>
    /// <returns>False when something is left, as the time was over or the disk refused.</returns>
    public bool Remove(string executionId)
    {
        var path = _assigned.TryRemove(executionId, out var ahead) ? ahead : PathOf(executionId);
        return TryKeep(path) || FolderRemoval.Remove(path, RemovalLimit, time);
    }

    /// <summary>Removes what earlier lives of this worker left behind. Call it before the first script is started.</summary>
    /// <returns>True when nothing is left.</returns>
    public bool Sweep() =>
        !Directory.Exists(root) || Directory.EnumerateFileSystemEntries(root).ToList().TrueForAll(path =>
        {
            FolderInMemory.Take(path);
            return FolderRemoval.Remove(path, RemovalLimit, time);
        });

    private string CreateAt(string path)
    {
        if (_spares.TryTake(out var spare) && Libc.Rename(spare, path) == 0)
        {
            return path;
        }

        var error = Make(path);
        if (error is Errno.ENOENT)
        {
            Directory.CreateDirectory(root);
            error = Make(path);
        }
        else if (error is Errno.EEXIST && FolderRemoval.Remove(path, RemovalLimit, time))
        {
            error = Make(path);
        }

        return error is Errno.None ? path : throw new IOException($"The working folder {path} could not be made: {error.Text()}.");
    }

    private bool TryKeep(string path)
    {
        if (_spares.Count >= MostSpares || !FolderCheck.IsAsNew(path, OnlyOwner))
        {
            return false;
        }

        // No execution's folder begins with a dot.
        var spare = Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $".spare-{Interlocked.Increment(ref _lastSpare)}"));
        if (Libc.Rename(path, spare) != 0)
        {
            return false;
        }

        _spares.Add(spare);
        return true;
    }

    private static Errno Make(string path) => Libc.MkDir(path, OnlyOwner) == 0 ? Errno.None : Libc.LastError;

    private string PathOf(string executionId) => Path.Combine(root, string.Create(executionId.Length, executionId, static (name, id) =>
    {
        for (var i = 0; i < name.Length; i++)
        {
            name[i] = char.IsAsciiLetterOrDigit(id[i]) || id[i] is '@' or '-' or '_' || (id[i] == '.' && i > 0) ? id[i] : '_';
        }
    }));
}

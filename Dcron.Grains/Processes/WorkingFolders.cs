using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>A folder for each execution, empty when it begins and gone when it is over.</summary>
/// <param name="root">The folder that holds them; created when needed.</param>
/// <param name="time">For the bound on removing.</param>
internal sealed class WorkingFolders(string root, TimeProvider time)
{
    /// <summary>A script may leave millions of files. What is not removed in this time is left to <see cref="Sweep"/>.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(10);

    private const uint OnlyOwner = 0x1c0;

    /// <summary>Makes the folder anew; what a crash left there is removed first.</summary>
    /// <returns>Its absolute path.</returns>
    /// <exception cref="IOException">The disk does not let it; the message says why.</exception>
    public string Create(string executionId)
    {
        var path = PathOf(executionId);
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

    /// <summary>Removes the folder with all that is in it. Links are removed, never followed.</summary>
    /// <returns>False when something is left, as the time was over or the disk refused.</returns>
    public bool Remove(string executionId) => FolderRemoval.Remove(PathOf(executionId), RemovalLimit, time);

    /// <summary>Removes what earlier lives of this worker left behind. Call it before the first script is started.</summary>
    /// <returns>True when nothing is left.</returns>
    public bool Sweep() =>
        !Directory.Exists(root) || Directory.EnumerateFileSystemEntries(root).ToList().TrueForAll(path => FolderRemoval.Remove(path, RemovalLimit, time));

    private static Errno Make(string path) => Libc.MkDir(path, OnlyOwner) == 0 ? Errno.None : Libc.LastError;

    private string PathOf(string executionId) => Path.Combine(root, string.Create(executionId.Length, executionId, static (name, id) =>
    {
        for (var i = 0; i < name.Length; i++)
        {
            name[i] = char.IsAsciiLetterOrDigit(id[i]) || id[i] is '@' or '-' or '_' || (id[i] == '.' && i > 0) ? id[i] : '_';
        }
    }));
}

using System.Collections.Concurrent;
using System.Globalization;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>Folders that sandboxes are made with before their script is known: it is put there when it is.</summary>
/// <param name="root">The folder that holds them; it exists when one is taken.</param>
internal sealed class ScriptFolders(string root)
{
    private const uint ReadByAll = 0x1ed;

    private readonly ConcurrentBag<string> _free = [];
    private int _last;

    /// <exception cref="IOException">The disk does not let it.</exception>
    public string Take()
    {
        if (_free.TryTake(out var folder))
        {
            return folder;
        }

        // No execution's folder begins with a dot.
        var made = Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $".script-{Interlocked.Increment(ref _last)}"));
        return Libc.MkDir(made, ReadByAll) == 0 && Libc.Chmod(made, ReadByAll) == 0 ? made
            : throw new IOException($"The folder {made} for a script could not be made: {Libc.LastError.Text()}.");
    }

    /// <summary>Puts a script into one: as another name of the same file, which costs nothing, where the file system lets it.</summary>
    /// <exception cref="IOException">The disk does not let it.</exception>
    public static void Put(string folder, string script)
    {
        var path = Path.Combine(folder, Path.GetFileName(script));
        if (Libc.Link(script, path) != 0)
        {
            File.Copy(script, path, overwrite: true);
        }
    }

    /// <summary>Takes one back, with what was put there.</summary>
    public void Return(string folder)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).All(script => Libc.Unlink(script) == 0))
        {
            _free.Add(folder);
        }
    }
}

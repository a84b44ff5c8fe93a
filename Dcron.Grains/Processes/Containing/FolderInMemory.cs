using System.Globalization;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>A file system in memory in the place of a working folder: the one way to limit what a script writes in all, without quotas on the machine's disks. For a node that is root.</summary>
internal static class FolderInMemory
{
    private const long BytesPerFile = 4096; // an empty file takes no bytes of it, but some of the kernel's

    /// <exception cref="IOException">The system does not let it.</exception>
    public static void Lay(string folder, long bytes)
    {
        var files = Math.Max(1024, bytes / BytesPerFile);
        if (Libc.Mount("dcron", folder, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV, string.Create(CultureInfo.InvariantCulture, $"size={bytes},nr_inodes={files},mode=0700")) != 0)
        {
            throw new IOException($"The working folder could not be limited to {bytes} bytes: {Libc.LastError.Text()}.");
        }
    }

    /// <summary>Takes it away with all that is in it; nothing happens where there is none.</summary>
    public static void Take(string folder) => _ = Libc.Unmount(folder, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW);

    /// <summary>Finds out whether this node may.</summary>
    /// <param name="folder">To try it with; made if needed.</param>
    public static bool Works(string folder)
    {
        if (Libc.GetEUid() != 0)
        {
            return false;
        }

        try
        {
            Directory.CreateDirectory(folder);
            Lay(folder, 1 << 20);
            Take(folder);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

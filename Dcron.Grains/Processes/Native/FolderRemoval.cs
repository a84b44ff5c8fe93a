using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Dcron.Grains.Processes.Native;

/// <summary>
/// Removes a folder and what is in it by descriptors, so that nobody can slip a link in between looking and removing: what lies behind a
/// link is never touched.
/// </summary>
internal sealed unsafe class FolderRemoval
{
    private const int AtRemoveDir = 0x200;
    private const int AtFdCwd = -100;
    private const byte KindUnknown = 0;
    private const byte KindFolder = 4;
    private const int NameOffset = 19; // struct linux_dirent64: inode, offset, length of the record, kind, name
    private const int LengthOffset = 16;
    private const int KindOffset = 18;

    /// <summary>Below this depth folders are moved to the top instead of being climbed into, so that depth costs neither stack nor descriptors.</summary>
    private const int MaxDepth = 24;

    internal static readonly int OpenFolder = Libc.O_RDONLY | Libc.O_CLOEXEC
        | (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 | 0x8000 : 0x10000 | 0x20000); // O_DIRECTORY | O_NOFOLLOW

    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly TimeSpan _limit;
    private int _top = -1;
    private int _moved;

    private FolderRemoval(TimeSpan limit, TimeProvider time) => (_limit, _time, _began) = (limit, time, time.GetTimestamp());

    /// <returns>True when nothing is left.</returns>
    public static bool Remove(string path, TimeSpan limit, TimeProvider time)
    {
        if (Libc.RmDir(path) == 0 || Libc.LastError is Errno.ENOENT)
        {
            return true;
        }

        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            return new FolderRemoval(limit, time).RemoveEntry(AtFdCwd, name, 0);
        }
    }

    private bool IsOver => _time.GetElapsedTime(_began) > _limit;

    private bool RemoveEntry(int parent, byte* name, int depth)
    {
        if (Libc.UnlinkAt(parent, name, AtRemoveDir) == 0)
        {
            return true;
        }

        switch (Libc.LastError)
        {
            case Errno.ENOENT:
                return true;
            case Errno.ENOTDIR:
                return Libc.UnlinkAt(parent, name, 0) == 0;
            case Errno.ENOTEMPTY or Errno.EEXIST when depth < MaxDepth:
                return Climb(parent, name, depth);
            case Errno.ENOTEMPTY or Errno.EEXIST:
                return MoveToTop(parent, name);
            default:
                return false;
        }
    }

    private bool Climb(int parent, byte* name, int depth)
    {
        var folder = Libc.OpenAt(parent, name, OpenFolder, 0);
        if (folder < 0 && Libc.LastError is Errno.EACCES)
        {
            _ = Libc.FchmodAt(parent, name, 0x1c0, 0); // a script may take rights away from itself
            folder = Libc.OpenAt(parent, name, OpenFolder, 0);
        }

        if (folder < 0)
        {
            return false;
        }

        var isTop = _top < 0;
        _top = isTop ? folder : _top;
        _ = Libc.Fchmod(folder, 0x1c0);

        // Folders that are moved up, and entries that the listing skips while others vanish, take further passes.
        while (Empty(folder, depth) is var removed && Libc.UnlinkAt(parent, name, AtRemoveDir) != 0)
        {
            if (removed == 0 || IsOver)
            {
                _ = Libc.Close(folder);
                return false;
            }
        }

        _ = Libc.Close(folder);
        return true;
    }

    /// <returns>How many entries are gone from here.</returns>
    private int Empty(int folder, int depth)
    {
        const int size = 4096;
        var buffer = stackalloc byte[size];
        var removed = 0;
        _ = Libc.LSeek(folder, 0, 0);
        nint length;
        while (!IsOver && (length = Libc.GetDents64(folder, buffer, size)) > 0)
        {
            for (var entry = buffer; entry < buffer + length; entry += *(ushort*)(entry + LengthOffset))
            {
                var name = entry + NameOffset;
                var kind = entry[KindOffset];
                if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
                {
                    continue;
                }

                var gone = kind is KindFolder or KindUnknown ? RemoveEntry(folder, name, depth + 1) : Libc.UnlinkAt(folder, name, 0) == 0;
                removed += gone ? 1 : 0;
            }
        }

        return removed;
    }

    private bool MoveToTop(int parent, byte* name)
    {
        fixed (byte* moved = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $".dcron-removing-{_moved++}\0")))
        {
            return Libc.RenameAt(parent, name, _top, moved) == 0;
        }
    }
}

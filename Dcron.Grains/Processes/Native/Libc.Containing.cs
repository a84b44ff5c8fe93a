using System.Runtime.InteropServices;

namespace Dcron.Grains.Processes.Native;

/// <summary>What containing scripts needs beside running them.</summary>
internal static unsafe partial class Libc
{
    public const int AF_UNIX = 1;
    public const int SOCK_STREAM = 1;
    public const int SOCK_CLOEXEC = 0x80000;
    public const nuint MS_NOSUID = 2;
    public const nuint MS_NODEV = 4;
    public const int MNT_DETACH = 2;
    public const int UMOUNT_NOFOLLOW = 8;
    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;
    public const uint MFD_CLOEXEC = 1;
    public const uint MFD_NOEXEC_SEAL = 8;

    [LibraryImport(Library, EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int domain, int type, int protocol, int* ends);

    [LibraryImport(Library, EntryPoint = "capget", SetLastError = true)]
    public static partial int CapGet(uint* header, uint* sets);

    [LibraryImport(Library, EntryPoint = "capset", SetLastError = true)]
    public static partial int CapSet(uint* header, uint* sets);

    [LibraryImport(Library, EntryPoint = "prlimit64", SetLastError = true)]
    public static partial int PrLimit(int pid, int resource, ulong* softAndHard, ulong* previous);

    [LibraryImport(Library, EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LChown(string path, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Chmod(string path, uint mode);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(int fd, int operation);

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemFdCreate(string name, uint flags);

    [LibraryImport(Library, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string kind, nuint flags, string options);

    [LibraryImport(Library, EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    [LibraryImport(Library, EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Link(string existing, string path);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoCtl(int fd, nuint request, byte* argument);

    /// <summary>Bytes that a program gets as arguments and environment at most: a quarter of its stack, with some room for what the kernel adds.</summary>
    public static long MostArguments
    {
        get
        {
            const int stack = 3, room = 16 * 1024;
            const long least = 128 * 1024, greatest = 6L * 1024 * 1024;
            var limits = stackalloc ulong[2];
            return PrLimit(0, stack, null, limits) == 0 ? Math.Clamp((long)Math.Min(limits[0] / 4, long.MaxValue), least, greatest) - room : least;
        }
    }

    [LibraryImport(Library, EntryPoint = "getegid")]
    public static partial uint GetEGid();
}

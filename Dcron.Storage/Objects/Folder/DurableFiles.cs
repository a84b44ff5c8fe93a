using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dcron.Storage.Objects.Folder;

/// <summary>What .NET does not offer of the file system: making a rename durable, and copying inside the kernel.</summary>
internal static partial class DurableFiles
{
    private const int BufferSize = 256 * 1024;
    private const int NoSuchEntry = 2;
    private const int OtherFileSystem = 18;
    private const int LinuxCloseOnExec = 0x80000;
    private const int MacCloseOnExec = 0x1000000;

    /// <summary>Makes the entries of a folder durable: new files, renames, deletions.</summary>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals its folders, and has no such call
        }

        var folder = Open(path, OperatingSystem.IsMacOS() ? MacCloseOnExec : LinuxCloseOnExec);
        if (folder < 0)
        {
            if (Marshal.GetLastPInvokeError() == NoSuchEntry)
            {
                return; // removed meanwhile, and with it all that could be made durable
            }

            throw LastError(path);
        }

        try
        {
            if (FSync(folder) != 0)
            {
                throw LastError(path);
            }
        }
        finally
        {
            _ = Close(folder);
        }
    }

    /// <summary>Creates a folder with those above it, each durable in the one above it.</summary>
    public static void CreateFolder(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var parent = Path.GetDirectoryName(path)!;
        CreateFolder(parent);
        Directory.CreateDirectory(path); // and again those above it, should a deletion have removed them since
        FlushFolder(parent);
    }

    /// <summary>Moves a file, replacing what was there, atomically. <see cref="File.Move(string, string, bool)"/> would copy to another file system, which is not atomic.</summary>
    /// <returns>False when it lies in another file system.</returns>
    public static bool TryMove(string source, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Move(source, target, overwrite: true);
            return true;
        }

        if (Rename(source, target) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            OtherFileSystem => false,
            NoSuchEntry => throw new DirectoryNotFoundException($"no such file or folder: '{target}'"),
            _ => throw LastError(target),
        };
    }

    /// <summary>
    /// Copies a file's bytes as they are now. A hard link would be cheaper, but then whoever appends to the source would change
    /// the copy too; the kernel's copy shares blocks where the file system can (XFS, Btrfs) and never shares later writes.
    /// </summary>
    public static void Copy(SafeFileHandle source, SafeFileHandle target)
    {
        var length = RandomAccess.GetLength(source);
        var done = OperatingSystem.IsLinux() && length > BufferSize ? CopyInKernel(source, target, length) : 0;
        if (done == length)
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(length, 1, BufferSize));
        try
        {
            int read;
            while (done < length && (read = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done)), done)) > 0)
            {
                RandomAccess.Write(target, buffer.AsSpan(0, read), done);
                done += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>How much was copied; what is missing must be copied otherwise (another file system, an old kernel), which then tells of real errors.</returns>
    private static long CopyInKernel(SafeFileHandle source, SafeFileHandle target, long length)
    {
        long from = 0, to = 0;
        while (from < length && CopyFileRange(source, ref from, target, ref to, (nuint)(length - from), 0) > 0)
        {
        }

        return from;
    }

    private static IOException LastError(string path) =>
        new($"{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())} : '{path}'", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string source, string target);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    private static partial nint CopyFileRange(SafeFileHandle source, ref long from, SafeFileHandle target, ref long to, nuint length, uint flags);
}

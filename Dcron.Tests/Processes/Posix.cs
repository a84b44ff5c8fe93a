using System.Runtime.InteropServices;

namespace Dcron.Tests.Processes;

/// <summary>What tests need of the system and .NET does not offer.</summary>
internal static class Posix
{
    public const int SigKill = 9;
    public const int SigCont = 18;
    public const int SigStop = 19;

    public static void MakeFifo(string path) => Assert.Equal(0, mkfifo(path, 0x180));

    public static void WriteProgram(string path, string text)
    {
        File.WriteAllText(path, text);
        Assert.Equal(0, chmod(path, 0x1ed));
    }

    public static int OpenInheritable(string path) => open(path, 0);

    public static void Close(int fd) => _ = close(fd);

    public static void Signal(int pid, int signal) => Assert.Equal(0, kill(pid, signal));

#pragma warning disable SYSLIB1054, CA2101 // the source generator needs unsafe code, which tests do without
    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mkfifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int chmod([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int fd);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
#pragma warning restore SYSLIB1054, CA2101
}

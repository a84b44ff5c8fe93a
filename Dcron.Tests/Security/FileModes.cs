namespace Dcron.Tests.Security;

internal static class FileModes
{
    /// <param name="mode">Nine bits: read, write and enter for owner, group and others.</param>
    public static void Set(string path, int mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }
    }
}

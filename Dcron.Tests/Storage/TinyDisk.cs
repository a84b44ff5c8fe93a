using System.Diagnostics;

namespace Dcron.Tests.Storage;

/// <summary>A file system of some kilobytes, to fill up or to make read-only. Needs root.</summary>
internal sealed class TinyDisk : IDisposable
{
    private readonly TempFolder _folder = new();

    public TinyDisk(int kilobytes) => Requirement.Needs(
        OperatingSystem.IsLinux() && Mount("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", _folder.Path),
        "mounting a tmpfs needs Linux and root");

    public string Path => _folder.Path;

    public string Of(params string[] parts) => _folder.Of(parts);

    /// <summary>Takes all the space that is left.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(Of("ballast"), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        foreach (var size in new[] { 65_536, 4096 })
        {
            try
            {
                while (true)
                {
                    ballast.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
                // full, at this size
            }
        }
    }

    public void Free() => File.Delete(Of("ballast"));

    public void MakeReadOnly() => Assert.True(Mount("mount", "-o", "remount,ro", Path));

    public void MakeWritable() => Assert.True(Mount("mount", "-o", "remount,rw", Path));

    public void Dispose()
    {
        Mount("umount", "-l", Path);
        _folder.Dispose();
    }

    private static bool Mount(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

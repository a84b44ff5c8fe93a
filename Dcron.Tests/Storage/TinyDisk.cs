using System.Diagnostics;

namespace Dcron.Tests.Storage;

/// <summary>A file system of some kilobytes, to fill up or to make read-only. Needs root, or sudo without a password.</summary>
internal sealed class TinyDisk : IDisposable
{
    private readonly TempFolder _folder = new();

    public TinyDisk(int kilobytes) => Requirement.Needs(
        OperatingSystem.IsLinux() && AsRoot("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k,mode=0777", "tmpfs", _folder.Path),
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

    public void MakeReadOnly() => Assert.True(AsRoot("mount", "-o", "remount,ro", Path));

    public void MakeWritable() => Assert.True(AsRoot("mount", "-o", "remount,rw", Path));

    public void Dispose()
    {
        AsRoot("umount", "-l", Path);
        _folder.Dispose();
    }

    private static bool AsRoot(string program, params string[] arguments) =>
        Environment.IsPrivilegedProcess ? Run(program, arguments) : Run("sudo", ["-n", program, .. arguments]);

    private static bool Run(string program, string[] arguments)
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

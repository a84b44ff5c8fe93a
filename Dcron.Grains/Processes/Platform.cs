using System.Runtime.InteropServices;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>What running scripts needs of the system.</summary>
internal static class Platform
{
    /// <exception cref="PlatformNotSupportedException">With a sentence that says what is missing and what still works.</exception>
    public static void Check()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                "A worker runs scripts on Linux (x86-64 or arm64) only; set Dcron:Worker:Enabled to false to use this node without its worker.");
        }

        var self = Libc.PidFdOpen(Environment.ProcessId);
        if (self < 0)
        {
            throw new PlatformNotSupportedException(
                $"A worker needs a Linux kernel from 5.3 on that lets it wait for processes (pidfd_open: {Libc.LastError.Text()}); "
                + "set Dcron:Worker:Enabled to false to use this node without its worker.");
        }

        _ = Libc.Close(self);
    }
}

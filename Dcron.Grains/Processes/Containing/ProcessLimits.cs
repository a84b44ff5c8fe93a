using Dcron.Grains.Containing;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>Sets the limits of a process that has not begun: its own, and those of all that it starts. What a control group keeps is left to it.</summary>
internal static unsafe class ProcessLimits
{
    private const int Cpu = 0;
    private const int FileSize = 1;
    private const int Core = 4;
    private const int Processes = 6;
    private const int OpenFiles = 7;
    private const int AddressSpace = 9;

    /// <summary>From SIGXCPU, which a script may take as a hint, to SIGKILL.</summary>
    public const int CpuGraceSeconds = 2;

    /// <returns>A sentence about what could not be done; null when all is done.</returns>
    public static string? Apply(int pid, Containment containment)
    {
        var limits = containment.Limits;
        var error = Set(pid, Core, 0, 0, "core files")
            ?? Set(pid, OpenFiles, limits.OpenFiles, null, "open_files")
            ?? Set(pid, FileSize, limits.FileSizeBytes, null, "file_size_bytes")
            ?? Set(pid, Cpu, limits.CpuSeconds, limits.CpuSeconds + CpuGraceSeconds, "cpu_seconds");
        if (error is not null || containment.Group is not null)
        {
            return error; // it keeps the others, and counts how often they were reached
        }

        return Set(pid, AddressSpace, limits.MemoryBytes, null, "memory_bytes")
            ?? (containment.LimitsProcesses ? Set(pid, Processes, limits.Processes, null, "processes") : null);
    }

    private static string? Set(int pid, int resource, long? soft, long? hard, string name)
    {
        if (soft is null)
        {
            return null;
        }

        var now = stackalloc ulong[2];
        if (Libc.PrLimit(pid, resource, null, now) != 0)
        {
            return $"The limit on {name} could not be read: {Libc.LastError.Text()}.";
        }

        // A node that has less itself can't give more.
        var wanted = stackalloc ulong[2];
        wanted[1] = Libc.GetEUid() == 0 ? (ulong)(hard ?? soft).Value : Math.Min(now[1], (ulong)(hard ?? soft).Value);
        wanted[0] = Math.Min(wanted[1], (ulong)soft.Value);
        return Libc.PrLimit(pid, resource, wanted, null) == 0 ? null : $"The limit on {name} could not be set: {Libc.LastError.Text()}.";
    }
}

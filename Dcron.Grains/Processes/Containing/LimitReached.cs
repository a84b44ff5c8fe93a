using System.Globalization;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>Which limit a script ran into, in words. Pure.</summary>
internal static class LimitReached
{
    /// <param name="signal">The signal that ended it; 0 for none.</param>
    /// <param name="containment">With the limits in force.</param>
    /// <param name="cpuTime">What it used.</param>
    /// <param name="group">What its control group counted; null where it had none.</param>
    public static string? InWords(int signal, Containment containment, TimeSpan cpuTime, GroupUse? group)
    {
        const int cpuExceeded = 24, fileTooLarge = 25;
        var limits = containment.Limits;
        return group is { MemoryKills: > 0 } && limits.MemoryBytes is { } memory
                ? Said($"It needed more memory than the {memory} bytes that it may use (limits.memory_bytes).")
            : limits.CpuSeconds is { } seconds && (signal == cpuExceeded || (signal == Signals.Kill && cpuTime.TotalSeconds >= seconds))
                ? Said($"It used more processor time than the {seconds} s that it may (limits.cpu_seconds).")
            : signal == fileTooLarge && limits.FileSizeBytes is { } size
                ? Said($"It wrote a file beyond the {size} bytes that it may (limits.file_size_bytes).")
            : group is { RefusedProcesses: > 0 } && limits.Processes is { } processes
                ? Said($"It wanted more than the {processes} processes that it may have at once (limits.processes).")
            : null;
    }

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

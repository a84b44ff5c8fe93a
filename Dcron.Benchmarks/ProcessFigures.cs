using System.Globalization;

namespace Dcron.Benchmarks;

/// <summary>Memory and processor time of a process and its children, as the kernel counts them.</summary>
internal static class ProcessFigures
{
    private const double TicksPerSecond = 100;

    /// <summary>Resident memory in MiB of the process and all that it started.</summary>
    public static double ResidentMiB(int pid) => Tree(pid).Sum(Resident) / 1024;

    /// <summary>The same with each page that several processes share counted in parts (PSS), as far as the kernel tells.</summary>
    public static double ProportionalMiB(int pid) => Tree(pid).Sum(Proportional) / 1024;

    /// <summary>Processor seconds of the process and all that it started and that still runs.</summary>
    public static double CpuSeconds(int pid) => Tree(pid).Sum(Cpu);

    /// <summary>Processor time of this process and of all that it, or what it started, has waited for.</summary>
    public static TimeSpan CpuWithChildren =>
        TimeSpan.FromSeconds(StatOf(Environment.ProcessId)!.Skip(11).Take(4).Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond);

    /// <summary>Processor seconds of the process alone.</summary>
    public static double OwnCpuSeconds(int pid) => Cpu(pid);

    /// <summary>Processor seconds of all that the process, or what it started, has waited for.</summary>
    public static double WaitedForCpuSeconds(int pid) => Ticks(pid, 13);

    private static IEnumerable<int> Tree(int pid)
    {
        yield return pid;
        foreach (var child in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)))
        {
            var id = int.Parse(child!, CultureInfo.InvariantCulture);
            if (StatOf(id) is { } stat && stat[1] == pid.ToString(CultureInfo.InvariantCulture))
            {
                foreach (var descendant in Tree(id))
                {
                    yield return descendant;
                }
            }
        }
    }

    private static double Resident(int pid) => Kilobytes($"/proc/{pid}/status", "VmRSS:");

    private static double Proportional(int pid) => Kilobytes($"/proc/{pid}/smaps_rollup", "Pss:");

    private static double Kilobytes(string path, string name) => File.ReadLines(path)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
        .FirstOrDefault();

    private static double Cpu(int pid) => Ticks(pid, 11);

    // In user and in kernel mode.
    private static double Ticks(int pid, int field) =>
        StatOf(pid) is { } stat ? (double.Parse(stat[field], CultureInfo.InvariantCulture) + double.Parse(stat[field + 1], CultureInfo.InvariantCulture)) / TicksPerSecond : 0;

    // The fields after the command's name, which may contain spaces.
    private static string[]? StatOf(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}

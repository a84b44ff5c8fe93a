using System.Globalization;

namespace Dcron.Benchmarks;

/// <summary>Memory and processor time of a process and its children, as the kernel counts them.</summary>
internal static class ProcessFigures
{
    private const double TicksPerSecond = 100;

    /// <summary>Resident memory in MiB of the process and all that it started.</summary>
    public static double ResidentMiB(int pid) => Tree(pid).Sum(Resident) / 1024;

    /// <summary>Processor seconds of the process and all that it started and that still runs.</summary>
    public static double CpuSeconds(int pid) => Tree(pid).Sum(Cpu);

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

    private static double Resident(int pid) => File.ReadLines($"/proc/{pid}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
        .FirstOrDefault();

    private static double Cpu(int pid) =>
        StatOf(pid) is { } stat ? (double.Parse(stat[11], CultureInfo.InvariantCulture) + double.Parse(stat[12], CultureInfo.InvariantCulture)) / TicksPerSecond : 0;

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

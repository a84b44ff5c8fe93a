using System.Globalization;
using System.Text;

namespace Dcron.Tests.Security;

/// <summary>Processes as this machine sees them: a script in a sandbox knows itself by another number.</summary>
internal static class Hosts
{
    /// <summary>Live processes with a text in their command line.</summary>
    public static List<int> With(string argument) => Where("cmdline", text => text.Contains(argument, StringComparison.Ordinal));

    /// <summary>Live processes that bear an execution's id in their environment.</summary>
    public static List<int> Bearing(string executionId) => Where("environ", text => text.Split('\0').Contains("DCRON_EXECUTION_ID=" + executionId));

    private static List<int> Where(string file, Func<string, bool> holds) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && pid != Environment.ProcessId && holds(TextOf(pid, file))),
    ];

    private static string TextOf(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal) ? "" : Encoding.Latin1.GetString(File.ReadAllBytes($"/proc/{pid}/{file}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

using System.Diagnostics;
using System.Text.RegularExpressions;
using Dcron.Tests.Storage;

namespace Dcron.Tests.Deploy;

/// <summary>What lies in <c>deploy/</c>, and the programs that judge it.</summary>
internal static partial class DeployFiles
{
    public static string PathOf(params string[] parts) => Path.Join([Repository.Root, "deploy", .. parts]);

    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts));

    public static IEnumerable<string> NamesIn(string folder, string pattern) =>
        Directory.EnumerateFiles(PathOf(folder), pattern).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    /// <summary>The assignments of an environment file.</summary>
    public static Dictionary<string, string> Environment(params string[] parts) => Read(parts).Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    /// <summary>Where a program is, in PATH; null when it is missing.</summary>
    public static string? Find(string program) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Join(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Runs a validator; what it said where it found fault.</summary>
    public static async Task<string> FaultsAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? "" : $"status {process.ExitCode}\n{string.Concat(said)}";
    }

    /// <summary>Replaces <c>${NAME}</c> and <c>${NAME:?text}</c>.</summary>
    public static string Interpolate(string text, IReadOnlyDictionary<string, string> values) =>
        Variable().Replace(text, match => values[match.Groups["name"].Value]);

    public static void Needs(bool met, string reason) => Requirement.Needs(met, reason);

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)(:\?[^}]*)?\}")]
    private static partial Regex Variable();
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Dcron.Tests.Processes;

namespace Dcron.Tests.Model;

/// <summary>Searches every state of a model in <c>docs/model</c> with spin: the model is turned into a program that does it.</summary>
internal static partial class ProtocolModel
{
    private const int MostMegabytes = 3000;
    private const int MostSteps = 400_000;

    /// <param name="file">Such as <c>launch.pml</c>.</param>
    /// <param name="definitions">Names that the model is compiled with, such as <c>CRASHES=1</c>.</param>
    public static async Task<Search> SearchAsync(string file, string definitions)
    {
        var (spin, gcc) = (Programs.Need("spin"), Programs.Need("gcc"));
        using var folder = new TempFolder();
        var model = folder.Of(file);
        File.Copy(Path.Join(Repository.Root, "docs", "model", file), model);
        var defined = definitions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => "-D" + name).ToArray();
        await RunAsync(folder, spin, [.. defined, "-a", model]);
        await RunAsync(folder, gcc, ["-w", "-O2", "-DSAFETY", "-DCOLLAPSE", FormattableString.Invariant($"-DMEMLIM={MostMegabytes}"), "-o", "pan", "pan.c"]);
        return Read(await RunAsync(folder, folder.Of("pan"), [FormattableString.Invariant($"-m{MostSteps}")]));
    }

    private static Search Read(string output)
    {
        var errors = Errors().Match(output);
        Assert.True(errors.Success, "pan did not tell how it ended:\n" + output);
        return new Search(
            int.Parse(errors.Groups["errors"].Value, CultureInfo.InvariantCulture),
            double.Parse(States().Match(output).Groups["states"].Value, CultureInfo.InvariantCulture),
            IsComplete: !output.Contains("Search not completed", StringComparison.Ordinal) && !output.Contains("max search depth too small", StringComparison.Ordinal),
            Violated().Match(output).Groups["what"].Value);
    }

    private static async Task<string> RunAsync(TempFolder folder, string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder.Of("."), RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}:\n{await output}\n{await errors}");
        return await output;
    }

    [GeneratedRegex(@"errors: (?<errors>\d+)")]
    private static partial Regex Errors();

    [GeneratedRegex(@"(?<states>[\d.e+]+) states, stored")]
    private static partial Regex States();

    [GeneratedRegex(@"pan:1: (?<what>.*) \(at depth")]
    private static partial Regex Violated();
}

/// <param name="Errors">0 where every state that can be reached keeps all promises.</param>
/// <param name="States">How many different ones were looked at.</param>
/// <param name="IsComplete">Whether those are all.</param>
/// <param name="Violated">The first promise that was broken.</param>
internal sealed record Search(int Errors, double States, bool IsComplete, string Violated);

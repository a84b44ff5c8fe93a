using System.Diagnostics;
using System.ComponentModel;
using System.Text.RegularExpressions;

namespace Dcron.Grains.Interpreters;

internal abstract record ProbeResult
{
    private ProbeResult()
    {
    }

    /// <param name="Program">What to run: the program that was probed, or the one behind it.</param>
    public sealed record Answered(string Version, string Program) : ProbeResult;

    public sealed record Failed(string Reason) : ProbeResult;
}

/// <summary>Asks a program for its version. At start-up only, so .NET's own Process is good enough.</summary>
internal static partial class InterpreterProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    public static async Task<ProbeResult> RunAsync(
        string program, IReadOnlyList<string> arguments, string path, TimeProvider time, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo(program, arguments, path) };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            return new ProbeResult.Failed($"{program} could not be started ({exception.Message})");
        }

        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0
                ? Read(program, await output, await errors)
                : new ProbeResult.Failed($"{program} ended with status {process.ExitCode} when asked for its version: {FirstLine(await errors)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProbeResult.Failed($"{program} did not tell its version within {Limit.TotalSeconds:0} s");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static ProcessStartInfo StartInfo(string program, IReadOnlyList<string> arguments, string path)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };

        // HOME and what a version manager set for the node decide which version a shim stands for.
        info.Environment["PATH"] = path;
        return info;
    }

    // Some tell their version on standard error.
    private static ProbeResult Read(string program, string output, string errors)
    {
        var lines = (string.IsNullOrWhiteSpace(output) ? errors : output).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines is [])
        {
            return new ProbeResult.Failed($"{program} said nothing when asked for its version");
        }

        var version = VersionNumber().Match(lines[0]) is { Success: true } match ? match.Value : lines[0];
        var behind = lines.Length > 1 && Path.IsPathRooted(lines[1]) && SearchPath.IsExecutable(lines[1]) ? lines[1] : program;
        return new ProbeResult.Answered(version, behind);
    }

    private static string FirstLine(string text) => text.Split('\n')[0].Trim();

    [GeneratedRegex(@"\d+(\.\d+)+[\w.+-]*")]
    private static partial Regex VersionNumber();
}

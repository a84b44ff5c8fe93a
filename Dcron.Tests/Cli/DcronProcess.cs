using System.Diagnostics;
using System.Text;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cli;

/// <summary>The built <c>dcron</c> as a process of its own.</summary>
internal sealed class DcronProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private DcronProcess(Process process) => _process = process;

    public StreamReader Out => _process.StandardOutput;

    public static DcronProcess Start(string server, IReadOnlyDictionary<string, string>? variables, params string[] args)
    {
        // A shell starts what it runs in the background with SIGINT ignored, and that is inherited: tests of Ctrl-C must not depend on it.
        var info = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "dcron.dll"), .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1, // one character a byte, so that nothing is lost
        };
        info.Environment["DCRON_SERVER"] = server;
        info.Environment.Remove("DCRON_KEY");
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        return new DcronProcess(Process.Start(info)!);
    }

    public static async Task<CliRun> RunAsync(NodeProcess node, params string[] args) => await RunAsync($"http://127.0.0.1:{node.ApiPort}", null, args);

    public static async Task<CliRun> RunAsync(string server, IReadOnlyDictionary<string, string>? variables, params string[] args)
    {
        using var dcron = Start(server, variables, args);
        var output = dcron.Out.ReadToEndAsync();
        var error = dcron._process.StandardError.ReadToEndAsync();
        return new CliRun(await dcron.ExitAsync(), await output, await error);
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    /// <summary>What Ctrl-C sends.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async Task<string?> LineAsync() => await Out.ReadLineAsync().WaitAsync(Limit);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}

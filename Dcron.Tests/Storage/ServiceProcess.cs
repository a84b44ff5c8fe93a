using System.Diagnostics;

namespace Dcron.Tests.Storage;

/// <summary>A real server on loopback, started by a script of <c>.ci/services</c>. It ends with this process, however that ends.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly Dictionary<string, string> _values = [];

    private ServiceProcess(Process process, int port) => (_process, Port) = (process, port);

    /// <summary>The first of its ports.</summary>
    public int Port { get; }

    /// <summary>What the script said about the server.</summary>
    public string this[string name] => _values[name];

    public static async Task<ServiceProcess> StartAsync(string script, params string[] arguments)
    {
        var port = Ports.Free(16);
        var process = Process.Start(new ProcessStartInfo(Path.Join(Repository.Root, ".ci", "services", script), [$"{port}", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var service = new ServiceProcess(process, port);
        for (string? line; (line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience)) != "ready";)
        {
            var pair = (line ?? throw new InvalidOperationException($"{script} ended before the server was ready; what it said is on standard error.")).Split('=', 2);
            service._values[pair[0]] = pair[1];
        }

        return service;
    }

    /// <summary>Tells the script to do something, and waits until it has.</summary>
    public async Task SayAsync(string word)
    {
        await _process.StandardInput.WriteLineAsync(word);
        await _process.StandardInput.FlushAsync();
        Assert.Equal(word, await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience));
    }

    public static bool HasProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Join(folder, name)));

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        _process.Dispose();
    }
}

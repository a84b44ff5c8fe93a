using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Node;

/// <summary>A real node: Dcron.Silo as a process of its own on loopback, with a data folder that can outlive it.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly string[] _settings;
    private readonly StringWriter _output = new();
    private Process _process = null!;

    private NodeProcess(string dataPath, string[] settings)
    {
        (DataPath, _settings) = (dataPath, settings);
        (ApiPort, SiloPort, GatewayPort) = (FreePort(), FreePort(), FreePort());
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ApiPort}/api/v1/"), Timeout = TimeSpan.FromSeconds(60) };
    }

    public string DataPath { get; }

    public int ApiPort { get; }

    public int SiloPort { get; }

    public int GatewayPort { get; }

    public int Pid => _process.Id;

    /// <summary>Of the process that was stopped or killed.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Base address ends in <c>/api/v1/</c>.</summary>
    public HttpClient Client { get; }

    /// <summary>What the node printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>How long the last start took until the node was ready.</summary>
    public TimeSpan StartTime { get; private set; }

    public static async Task<NodeProcess> StartAsync(string dataPath, params string[] settings)
    {
        var node = new NodeProcess(dataPath, settings);
        await node.StartAgainAsync();
        return node;
    }

    /// <summary>Starts it on the same data folder and ports, after it was killed or stopped.</summary>
    public async Task StartAgainAsync()
    {
        var start = Stopwatch.GetTimestamp();
        Launch();
        while (!await IsReadyAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > StartLimit)
            {
                throw new InvalidOperationException($"The node did not get ready (exited: {_process.HasExited}).\n{Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        StartTime = Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Starts it without waiting and answers how it exits; for nodes that must refuse to start.</summary>
    public static async Task<(int ExitCode, string Output)> RunToExitAsync(string dataPath, params string[] settings)
    {
        var node = new NodeProcess(dataPath, settings);
        node.Launch();
        await node._process.WaitForExitAsync().WaitAsync(StartLimit);
        return (node._process.ExitCode, node.Output);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited)
        {
            return;
        }

        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync().WaitAsync(StartLimit);
    }

    public async Task<string> UploadAsync(string name, string script)
    {
        using var content = new StringContent(script);
        using var answer = await Client.PostAsync(new Uri($"scripts?name={name}", UriKind.Relative), content);
        return (string)(await JsonOf(answer))["script_location"]!;
    }

    public async Task<JsonNode> CreateJobAsync(object job)
    {
        using var answer = await Client.PostAsJsonAsync("jobs", job);
        return await JsonOf(answer);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return await JsonOf(answer);
    }

    public async Task<JsonNode> PostAsync(string path)
    {
        using var answer = await Client.PostAsync(new Uri(path, UriKind.Relative), null);
        return await JsonOf(answer);
    }

    /// <summary>Asks until the answer satisfies, since a process of its own raises no event here.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> satisfies, TimeSpan? limit = null)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = await GetAsync(path);
            if (satisfies(answer))
            {
                return answer;
            }

            if (Stopwatch.GetElapsedTime(start) > (limit ?? TimeSpan.FromSeconds(60)))
            {
                throw new TimeoutException($"{path} never satisfied; at last it was {answer.ToJsonString()}\n{Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    public async Task<string> LogAsync(string executionId) =>
        await Client.GetStringAsync(new Uri($"executions/{executionId}/log", UriKind.Relative));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        Client.Dispose();
    }

    private static async Task<JsonNode> JsonOf(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new InvalidOperationException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {(int)answer.StatusCode} {text}");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Launch()
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Dcron.Silo.dll"),
            "--urls", $"http://127.0.0.1:{ApiPort}",
            "--Dcron:DataPath", DataPath,
            "--Dcron:Cluster:SiloPort", $"{SiloPort}",
            "--Dcron:Cluster:GatewayPort", $"{GatewayPort}",
            .. _settings,
        ];
        var info = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        info.Environment["DOTNET_ENVIRONMENT"] = "Production";
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.WriteLine(line.Data);
        }
    }
}

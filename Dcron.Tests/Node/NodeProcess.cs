using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Node;

/// <summary>A real node: Dcron.Silo as a process of its own on loopback, with a data folder that can outlive it.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(150);
    private readonly string[] _settings;
    private readonly StringWriter _output = new();
    private Process _process = null!;

    /// <summary>A node that is not started yet.</summary>
    public NodeProcess(string dataPath, params string[] settings)
    {
        (DataPath, _settings) = (dataPath, settings);
        (ApiPort, SiloPort, GatewayPort) = (Ports.Free(), Ports.Free(), Ports.Free());
        Client = new HttpClient { BaseAddress = new Uri($"http://{Address}:{ApiPort}/api/v1/"), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>Which program it is: <c>Dcron.Silo</c>, or <c>Dcron.Api</c> for a front-end.</summary>
    public string Program { get; init; } = "Dcron.Silo";

    /// <summary>Where its program lies; beside this one by default.</summary>
    public string Folder { get; init; } = AppContext.BaseDirectory;

    /// <summary>The address that it is reached at, in its own network namespace for example.</summary>
    public string Address
    {
        get;
        init
        {
            field = value;
            Client.BaseAddress = new Uri($"http://{value}:{ApiPort}/api/v1/");
        }
    } = "127.0.0.1";

    /// <summary>A command in front of the node's own, such as <c>ip netns exec NAME</c>. It must become the node (<c>exec</c>), since it is what signals are sent to.</summary>
    public IReadOnlyList<string> Wrapper { get; init; } = [];

    /// <summary>Environment variables beside this process' own.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>The key that calls come with; null for none.</summary>
    public string? Key
    {
        get;
        init
        {
            field = value;
            Client.DefaultRequestHeaders.Authorization = value is null ? null : new("Bearer", value);
        }
    }

    public string DataPath { get; }

    public int ApiPort { get; }

    public int SiloPort { get; }

    public int GatewayPort { get; }

    public int Pid => _process.Id;

    public bool IsRunning => _process is { HasExited: false };

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
        await BecomesReadyAsync();
        StartTime = Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Waits until it can do its work.</summary>
    public async Task BecomesReadyAsync(TimeSpan? limit = null)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > (limit ?? StartLimit))
            {
                throw new InvalidOperationException($"The node did not get ready (exited: {_process.HasExited}).\n{Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Starts it without waiting and answers how it exits; for nodes that must refuse to start.</summary>
    public static async Task<(int ExitCode, string Output)> RunToExitAsync(string dataPath, params string[] settings)
    {
        await using var node = new NodeProcess(dataPath, settings);
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

        await SignalAsync("TERM");
        await EndsAsync();
    }

    /// <summary>Sends a signal by its name without <c>SIG</c>.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    public Task EndsAsync() => _process.WaitForExitAsync().WaitAsync(StartLimit);

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

    /// <summary>Waits until it has printed this.</summary>
    public async Task PrintsAsync(string text)
    {
        for (var start = Stopwatch.GetTimestamp(); !Output.Contains(text, StringComparison.Ordinal);)
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(60))
            {
                throw new TimeoutException($"It never printed '{text}', but this:\n{Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>What <c>/healthz/ready</c> says; false also when nobody answers.</summary>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false; // not listening yet, or cut off
        }
    }

    public async Task<string> LogAsync(string executionId) =>
        await Client.GetStringAsync(new Uri($"executions/{executionId}/log", UriKind.Relative));

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await KillAsync();
        }

        _process?.Dispose();
        _process = null!; // whoever disposes of it again finds nothing
        Client.Dispose();
    }

    private static async Task<JsonNode> JsonOf(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new InvalidOperationException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {(int)answer.StatusCode} {text}");
    }

    /// <summary>Starts it without waiting for anything.</summary>
    public void Launch()
    {
        string[] command =
        [
            .. Wrapper,
            "dotnet",
            Path.Combine(Folder, Program + ".dll"),
            "--urls", $"http://{Address}:{ApiPort}",
            "--Dcron:DataPath", DataPath,
            "--Dcron:Cluster:SiloPort", $"{SiloPort}",
            "--Dcron:Cluster:GatewayPort", $"{GatewayPort}",
            .. _settings,
        ];
        var info = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        info.Environment["DOTNET_ENVIRONMENT"] = "Production";
        foreach (var (name, value) in Variables)
        {
            info.Environment[name] = value;
        }

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

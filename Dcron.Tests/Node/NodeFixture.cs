using System.Text.Json.Nodes;

namespace Dcron.Tests.Node;

/// <summary>One real node for all tests that only need some node.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    public NodeProcess Node { get; private set; } = null!;

    /// <summary>A folder that scripts see as the tests do.</summary>
    public string SignalFolder => Directory.CreateDirectory(_folder.Of("signals")).FullName;

    public async Task InitializeAsync() =>
        Node = await NodeProcess.StartAsync(_folder.Of("data"), "--Dcron:Worker:Slots", "8", "--Dcron:Worker:StopGraceSeconds", "1", "--Dcron:Worker:LogLimitBytes", "2000000",
            "--Dcron:Worker:ReadOnlyPaths:0", SignalFolder);

    public async Task DisposeAsync()
    {
        await Node.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Uploads a script, makes a job that fires once a year, runs it now, and waits for its end.</summary>
    public async Task<JsonNode> RunAsync(string type, string script, object? more = null) => await Node.RunOnceAsync(type, script, more);
}

[CollectionDefinition(Name)]
public sealed class SharedNodeCollection : ICollectionFixture<SharedNode>
{
    public const string Name = "shared node";
}

internal static class NodeVerbs
{
    private static readonly HashSet<string> Final = ["succeeded", "failed", "timed_out", "cancelled", "lost", "skipped", "missed"];

    public static bool IsFinal(JsonNode execution) => Final.Contains((string)execution["execution_result"]!);

    /// <summary>Waits until the log of a running script has a text.</summary>
    public static async Task UntilLogAsync(this NodeProcess node, string id, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await node.LogAsync(id)).Contains(text, StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience.Token);
        }
    }

    public static async Task<string> StartOnceAsync(this NodeProcess node, string type, string script, object? more = null)
    {
        var location = await node.UploadAsync(type == "ruby" ? "a.rb" : "a.py", script);
        var job = new JsonObject { ["time"] = "0 0 1 1 *", ["script_type"] = type, ["script_location"] = location };
        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(more ?? new object())!.AsObject().ToList())
        {
            job[name] = value?.DeepClone();
        }

        var created = await node.CreateJobAsync(job);
        return (string)(await node.PostAsync($"jobs/{created["job_id"]}/run"))["execution_id"]!;
    }

    public static async Task<JsonNode> RunOnceAsync(this NodeProcess node, string type, string script, object? more = null) =>
        await node.EndOf(await node.StartOnceAsync(type, script, more));

    public static Task<JsonNode> EndOf(this NodeProcess node, string executionId) => node.UntilAsync($"executions/{executionId}", IsFinal);
}

using System.Text.Json.Nodes;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>
/// Two builds of the silo side by side in one cluster: this one, and one that stands for a later version, whose records have a field more
/// in documents and on the wire (LaterVersion/LaterFields.cs).
/// </summary>
public sealed class RollingUpgradeTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly List<NodeProcess> _left = [];
    private Traces _traces = null!;

    private string[] Settings => ["--Dcron:Worker:Slots", "4", "--Dcron:Worker:WritablePaths:0", _folder.Path];

    public Task InitializeAsync()
    {
        _traces = new Traces(_folder.Of("traces"));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _left)
        {
            await node.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task Silo_after_silo_is_replaced_by_a_later_version_and_back_without_a_missed_launch_or_a_lost_field()
    {
        var later = MakeLaterVersion();
        var data = _folder.Of("data");
        await using var cluster = await ClusterProcesses.StartAsync(data, 2, Settings);
        var early = await _traces.CreateJobAsync(cluster.Any, "* * * * * *");

        // Forward: a later silo takes over from each, one after the other, and works beside those that are still of this version.
        var laterNodes = new List<NodeProcess>();
        foreach (var node in cluster.Nodes)
        {
            await ReplaceAsync(node, Later(), laterNodes);
        }

        var late = await _traces.CreateJobAsync(laterNodes[0], "* * * * * *");
        await StartsAsync(late);

        // Back: this version goes on with what the later one has written, and rewrites it.
        var back = new List<NodeProcess>();
        foreach (var node in laterNodes)
        {
            await ReplaceAsync(node, new NodeProcess(data, Settings), back);
            await StartsAsync(late);
            await StartsAsync(early);
        }

        foreach (var job in (string[])[early, late])
        {
            await back[0].PostAsync($"jobs/{job}/pause");
            await CheckNothingWasMissedAsync(back[0], job);
        }

        await StopAsync(back);
        await CheckFieldsAsync(data, late);

        NodeProcess Later() => new(data, Settings) { Folder = later };
    }

    private async Task ReplaceAsync(NodeProcess old, NodeProcess successor, List<NodeProcess> successors)
    {
        _left.Add(successor);
        successors.Add(successor);
        await successor.StartAgainAsync();
        await StartsAsync();
        await old.StopAsync();
        await StartsAsync();
    }

    private static async Task StopAsync(List<NodeProcess> nodes)
    {
        foreach (var node in nodes)
        {
            await node.StopAsync();
        }
    }

    private async Task StartsAsync(string job = "")
    {
        var from = TimeProvider.System.GetUtcNow();
        for (var tries = 0; !_traces.Starts().Any(start => start.FireTime > from && start.ExecutionId.StartsWith(job, StringComparison.Ordinal)); tries++)
        {
            Assert.True(tries < 1200, "launches go on");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task CheckNothingWasMissedAsync(NodeProcess node, string job)
    {
        await node.UntilAsync($"jobs/{job}/executions?limit=500", found => found.AsArray().All(execution => NodeVerbs.IsFinal(execution!)));
        var executions = (await node.GetAsync($"jobs/{job}/executions?limit=500")).AsArray().OrderBy(execution => (DateTimeOffset)execution!["execution_date"]!).ToList();
        var times = executions.Select(execution => (DateTimeOffset)execution!["execution_date"]!).ToList();
        Assert.Equal(Enumerable.Range(0, times.Count).Select(i => times[0].AddSeconds(i)), times);
        Assert.All(executions, execution => Assert.Contains((string)execution!["execution_result"]!, (string[])["succeeded", "skipped"]));
    }

    /// <summary>The job was created by the later version; pausing it was a new version of its spec, made by this one.</summary>
    private static async Task CheckFieldsAsync(string data, string job)
    {
        await using var store = new SqliteDocumentStore(Path.Combine(data, "dcron.db"), TimeSpan.FromSeconds(5));
        var document = JsonNode.Parse((await store.GetAsync(JobCollections.Jobs, job))!.Body.Span)!;
        Assert.Equal("of the job", (string?)document["later_field"]);
        Assert.Equal("of the spec", (string?)document["spec"]!["later_field"]);
        Assert.False((bool)document["spec"]!["enabled"]!);

        var months = await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix);
        var executions = new List<JsonNode>();
        foreach (var month in months)
        {
            var page = await store.QueryAsync(month, new IndexQuery(JobCollections.ByJobAndTime, job) { Limit = 500 });
            executions.AddRange(page.Rows.Select(row => JsonNode.Parse(row.Document!.Body.Span)!));
        }

        Assert.Contains(executions, execution => (string?)execution["later_field"] == "of the execution");
        Assert.Contains(executions, execution => execution["later_field"] is null);
    }

    /// <summary>The programs beside this test, with the one assembly of the records exchanged.</summary>
    private string MakeLaterVersion()
    {
        var folder = _folder.Of("later");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        Directory.CreateSymbolicLink(Path.Combine(folder, "runtimes"), Path.Combine(AppContext.BaseDirectory, "runtimes")); // native libraries
        File.Copy(Path.Combine(AppContext.BaseDirectory, "later", "Dcron.Grains.Interfaces.dll"), Path.Combine(folder, "Dcron.Grains.Interfaces.dll"), overwrite: true);
        return folder;
    }
}

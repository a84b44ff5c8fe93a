using System.Text.Json.Nodes;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>Several real silos on one machine that form one cluster, by the data folder that they share.</summary>
public sealed class ClusterProcesses(IReadOnlyList<NodeProcess> nodes) : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public IReadOnlyList<NodeProcess> Nodes { get; } = nodes;

    /// <summary>Any that runs; it answers for all.</summary>
    public NodeProcess Any => Nodes.First(node => node.IsRunning);

    public static async Task<ClusterProcesses> StartAsync(string dataPath, int count, params string[] settings)
    {
        var cluster = new ClusterProcesses([.. Enumerable.Range(0, count).Select(_ => new NodeProcess(dataPath, settings))]);
        await cluster.StartAsync();
        return cluster;
    }

    /// <summary>Starts those that don't run, all at once, and waits until each reports to the leader.</summary>
    public async Task StartAsync()
    {
        await Task.WhenAll(Nodes.Where(node => !node.IsRunning).Select(node => node.StartAgainAsync()));
        await UntilWorkersAsync(Nodes.Count);
    }

    /// <summary>Waits until so many workers report.</summary>
    public async Task UntilWorkersAsync(int count) =>
        await Any.UntilAsync("workers", workers => workers.AsArray().Count == count, Limit);

    /// <summary>The node whose silo leads, asked for at a running one.</summary>
    public async Task<NodeProcess> LeaderAsync(NodeProcess? askedAt = null)
    {
        var workers = await (askedAt ?? Any).UntilAsync("workers", found => found.AsArray().Any(worker => (bool)worker!["leads"]!), Limit);
        return OfWorker((string)workers.AsArray().Single(worker => (bool)worker!["leads"]!)!["worker_id"]!);
    }

    /// <summary>The node of a worker id, which begins with the silo's address and port.</summary>
    public NodeProcess OfWorker(string workerId) => Nodes.Single(node => IsOf(node, workerId));

    public static bool IsOf(NodeProcess node, string workerId) =>
        workerId.StartsWith($"{node.Address}:{node.SiloPort}@", StringComparison.Ordinal);

    /// <summary>All executions of a job, the oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> ExecutionsAsync(string jobId)
    {
        var all = new List<JsonNode>();
        for (string? next = $"jobs/{jobId}/executions?limit=500"; next is not null;)
        {
            using var answer = await Any.Client.GetAsync(new Uri(next, UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            all.AddRange(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsArray().Select(execution => execution!));
            var link = answer.Headers.TryGetValues("Link", out var links) ? links.First() : null;
            next = link?[(link.IndexOf('<', StringComparison.Ordinal) + 1)..link.IndexOf('>', StringComparison.Ordinal)];
        }

        return [.. all.OrderBy(execution => (DateTimeOffset)execution["execution_date"]!)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }
    }
}

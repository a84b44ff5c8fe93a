using Dcron.Tests.Node;
using Dcron.Tests.Processes;

namespace Dcron.Tests.Security;

/// <summary>Sandboxes that wait on a real node: they are its own, and go when it goes.</summary>
public sealed class WaitingSandboxTests
{
    [SkippableTheory]
    [InlineData(Mode.RootWithSandbox)]
    [InlineData(Mode.PlainWithSandbox)]
    public async Task They_end_when_the_node_drains_and_when_it_is_killed(Mode mode)
    {
        await using var started = await ModeNode.StartAsync(mode);
        var node = started.Node;
        List<int> Waiting() => Hosts.With(Path.Combine(node.DataPath, "nodes") + "/");

        Assert.Empty(Waiting());
        await RunAsync(node);
        await ProcessBench.UntilAsync(() => Waiting().Count > 0);

        var worker = Uri.EscapeDataString((string)(await node.GetAsync("workers"))[0]!["worker_id"]!);
        await node.PostAsync($"workers/{worker}/drain");
        await ProcessBench.UntilAsync(() => Waiting().Count == 0);

        await node.PostAsync($"workers/{worker}/undrain");
        await RunAsync(node);
        await ProcessBench.UntilAsync(() => Waiting().Count > 0);
        await node.KillAsync();
        await ProcessBench.UntilAsync(() => Waiting().Count == 0);
    }

    private static async Task RunAsync(NodeProcess node) =>
        Assert.Equal("succeeded", (string)(await node.RunOnceAsync("python", "print(1)"))["execution_result"]!);
}

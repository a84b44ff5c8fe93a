using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>What a node without work costs, its guard included.</summary>
internal static class IdleNode
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(60);

    public static async Task RunAsync()
    {
        Figures.Title("An idle node, its guard included");
        using var folder = new TempFolder();
        await using var node = await NodeProcess.StartAsync(folder.Of("data"));
        await Measure(node);
    }

    public static async Task Measure(NodeProcess node)
    {
        await Task.Delay(Settling, TimeProvider.System);
        var before = ProcessFigures.CpuSeconds(node.Pid);
        await Task.Delay(Watched, TimeProvider.System);
        var used = ProcessFigures.CpuSeconds(node.Pid) - before;
        Figures.Row("memory (resident)", $"{ProcessFigures.ResidentMiB(node.Pid):F0} MiB");
        Figures.Row("processor, of one core", $"{used / Watched.TotalSeconds:P2}");
    }
}

using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>What a node without work costs, its guard included.</summary>
internal static class IdleNode
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(60);

    // In its first minutes .NET compiles anew what has been called thirty times: the timers of a node that does nothing get there late.
    private static readonly TimeSpan UntilCompiled = TimeSpan.FromSeconds(160);

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
        var first = await UsedAsync(node);
        await Task.Delay(UntilCompiled, TimeProvider.System);
        var later = await UsedAsync(node);
        Figures.Row("memory, shared pages counted twice (RSS)", $"{ProcessFigures.ResidentMiB(node.Pid):F0} MiB");
        Figures.Row("memory, shared pages in parts (PSS)", $"{ProcessFigures.ProportionalMiB(node.Pid):F0} MiB");
        Figures.Row("processor, of one core, from 20 s on", $"{first / Watched.TotalSeconds:P2}");
        Figures.Row("processor, of one core, from 240 s on", $"{later / Watched.TotalSeconds:P2}");
    }

    private static async Task<double> UsedAsync(NodeProcess node)
    {
        var before = ProcessFigures.CpuSeconds(node.Pid);
        await Task.Delay(Watched, TimeProvider.System);
        return ProcessFigures.CpuSeconds(node.Pid) - before;
    }
}

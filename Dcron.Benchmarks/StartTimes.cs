using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>Time from the start of the process until it is ready: on an empty folder, and after kill -9.</summary>
internal static class StartTimes
{
    public static async Task RunAsync()
    {
        Figures.Title("Start until ready");
        using var folder = new TempFolder();
        await using var node = await NodeProcess.StartAsync(folder.Of("data"));
        Figures.Row("clean start", $"{node.StartTime.TotalSeconds:F1} s");
        var after = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            await node.KillAsync();
            await node.StartAgainAsync();
            after.Add(node.StartTime.TotalSeconds);
        }

        Figures.Row("after kill -9, five times", $"median {Figures.Median(after):F1} s  max {after.Max():F1} s");
    }
}

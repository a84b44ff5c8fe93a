using Dcron.Tests;
using Dcron.Tests.Cluster;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>
/// Three silos, some jobs that are due each second, and the leader's silo killed, paused or stopped: how long no launch that was due afterwards
/// is started. The starts are what the scripts themselves write down.
/// </summary>
internal sealed class Failover(ClusterProcesses cluster, Traces traces)
{
    private const int Jobs = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    // Just before the second at which all jobs are due, so that nothing of the time without a leader goes unseen.
    private static readonly TimeSpan BeforeDue = TimeSpan.FromMilliseconds(50);

    /// <param name="options">Kind (<c>kill</c>, <c>pause</c>, <c>stop</c>, <c>all</c>) and how many times.</param>
    public static async Task RunAsync(string[] options)
    {
        var kind = options.ElementAtOrDefault(0) ?? "kill";
        var count = int.Parse(options.ElementAtOrDefault(1) ?? "5", System.Globalization.CultureInfo.InvariantCulture);
        using var folder = new TempFolder();
        await using var cluster = await ClusterProcesses.StartAsync(folder.Of("data"), 3, ["--Dcron:Worker:Slots", "8", "--Dcron:Worker:WritablePaths:0", folder.Path, .. options.Skip(2)]);
        var traces = new Traces(folder.Of("traces"));
        for (var i = 0; i < Jobs; i++)
        {
            await traces.CreateJobAsync(cluster.Any, "* * * * * *");
        }

        var failover = new Failover(cluster, traces);
        var gaps = new List<double>();
        for (var i = 0; i < count; i++)
        {
            var gap = await failover.MeasureAsync(kind);
            gaps.Add(gap.TotalSeconds);
            Console.WriteLine(FormattableString.Invariant($"{kind} {i + 1}: {gap.TotalSeconds:F2} s"));
        }

        Figures.Row($"{kind}, {count} times", $"p50 {Figures.Percentile(gaps, 50):F1} s  max {gaps.Max():F1} s");
    }

    private async Task<TimeSpan> MeasureAsync(string kind)
    {
        await SteadyAsync();
        var leader = await cluster.LeaderAsync();
        var now = TimeProvider.System.GetUtcNow();
        var second = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)).AddSeconds(2);
        await Task.Delay(second - BeforeDue - now, TimeProvider.System);
        var began = TimeProvider.System.GetUtcNow();
        switch (kind)
        {
            case "kill":
                await leader.KillAsync();
                break;
            case "pause":
                await leader.SignalAsync("STOP");
                break;
            case "stop":
                await leader.SignalAsync("TERM");
                break;
            case "all":
                await Task.WhenAll(cluster.Nodes.Select(node => node.KillAsync()));
                began = TimeProvider.System.GetUtcNow();
                foreach (var node in cluster.Nodes)
                {
                    node.Launch();
                }

                break;
            default:
                throw new ArgumentException($"There is no kind '{kind}'.");
        }

        var gap = await FirstStartAsync(began) - began;
        if (kind == "pause")
        {
            await leader.SignalAsync("CONT");
        }

        if (kind is "pause" or "stop")
        {
            await leader.EndsAsync();
        }

        if (kind == "all")
        {
            await Task.WhenAll(cluster.Nodes.Select(node => node.BecomesReadyAsync())); // one of them may have launched before the others were there
        }

        await cluster.StartAsync();
        return gap;
    }

    private async Task<DateTimeOffset> FirstStartAsync(DateTimeOffset dueAfter)
    {
        var end = TimeProvider.System.GetUtcNow() + Limit;
        while (TimeProvider.System.GetUtcNow() < end)
        {
            if (traces.Starts().FirstOrDefault(start => start.FireTime > dueAfter) is { } first)
            {
                return first.At;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        throw new TimeoutException("No launch that was due afterwards was started.");
    }

    // Starts of three seconds in a row.
    private async Task SteadyAsync()
    {
        var from = TimeProvider.System.GetUtcNow();
        while (traces.Starts().Where(start => start.FireTime > from).Select(start => start.FireTime).Distinct().Count() < 3)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }
}

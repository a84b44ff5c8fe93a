using System.Text.Json.Nodes;
using Dcron.Tests.Node;
using Dcron.Tests.Storage;

namespace Dcron.Tests.Cluster;

/// <summary>Silos whose machines' clocks are five seconds apart. libfaketime gives each process the clock it is to have; monotonic clocks stay as they are.</summary>
public sealed class ClockTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("+5")]
    [InlineData("-5")]
    public async Task A_clock_that_differs_is_told_and_no_launch_is_missed_or_doubled_whoever_leads(string offset)
    {
        var library = Directory.Exists("/usr/lib") ? Directory.GetFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 }).FirstOrDefault() : null;
        Requirement.Needs(library is not null, "it needs libfaketime (Debian: apt-get install faketime)");
        var traces = new Traces(_folder.Of("traces"));
        string[] settings = ["--Dcron:Worker:Slots", "4", "--Dcron:Worker:WritablePaths:0", _folder.Path];
        var other = new NodeProcess(_folder.Of("data"), settings)
        {
            Variables = new Dictionary<string, string> { ["LD_PRELOAD"] = library!, ["FAKETIME"] = offset, ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1" },
        };
        await using var cluster = new ClusterProcesses([new(_folder.Of("data"), settings), new(_folder.Of("data"), settings), other]);
        await cluster.StartAsync();

        // While one whose clock is right leads, and then while the other does. Jobs are planned on any of the three.
        var jobs = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            jobs.Add(await traces.CreateJobAsync(cluster.Any, "* * * * * *"));
        }

        var leader = await cluster.LeaderAsync();
        await DiffersAsync(cluster, leader, other, offset);
        await StartsAsync(traces, jobs);
        if (leader != other)
        {
            foreach (var node in cluster.Nodes.Where(node => node != other).OrderBy(node => node == leader))
            {
                await node.StopAsync();
            }

            Assert.Same(other, await cluster.LeaderAsync());
            await cluster.StartAsync();
            await StartsAsync(traces, jobs);
            await DiffersAsync(cluster, other, other, offset);
        }

        foreach (var job in jobs)
        {
            await cluster.Any.PostAsync($"jobs/{job}/pause");
        }

        foreach (var job in jobs)
        {
            await cluster.Any.UntilAsync($"jobs/{job}/executions?limit=500", found => found.AsArray().All(execution => NodeVerbs.IsFinal(execution!)), TimeSpan.FromMinutes(2));
            var executions = await cluster.ExecutionsAsync(job);
            LaunchCheck.Exact(job, executions, traces.Starts());
        }
    }

    /// <summary>The API shows the difference, and the leader's log has a sentence for each worker whose clock is not as its own.</summary>
    private static async Task DiffersAsync(ClusterProcesses cluster, NodeProcess leader, NodeProcess differing, string offset)
    {
        await cluster.Any.UntilAsync("workers", workers => workers.AsArray().Count(IsApart) == (differing == leader ? 2 : 1), TimeSpan.FromMinutes(1));
        await leader.PrintsAsync((offset == "+5") == (differing == leader) ? "5 s behind" : "5 s ahead of");
        await leader.PrintsAsync("let both machines follow one time source");

        static bool IsApart(JsonNode? worker) => Math.Abs((double?)worker!["clock_offset_seconds"] ?? 0) is > 4 and < 6;
    }

    private static async Task StartsAsync(Traces traces, List<string> jobs)
    {
        var from = traces.Starts().Count;
        for (var tries = 0; jobs.Any(job => traces.Starts().Skip(from).Count(start => start.ExecutionId.StartsWith(job, StringComparison.Ordinal)) < 8); tries++)
        {
            Assert.True(tries < 1200, "launches go on");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

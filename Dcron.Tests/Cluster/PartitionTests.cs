using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>The leader's machine is cut off from the other silos, while all of them reach the stores.</summary>
public sealed class PartitionTests
{
    private const string Key = "the-admin-key-of-these-tests";

    [SkippableFact]
    public async Task A_leader_that_is_cut_off_gives_way_its_scripts_end_and_it_comes_back_as_a_new_one()
    {
        await using var network = await Network.CreateAsync(3);
        using var folder = new TempFolder();
        var data = folder.Of("data");
        await using var cluster = new ClusterProcesses([.. Enumerable.Range(0, 3).Select(i => new NodeProcess(
            data, "--Dcron:Cluster:AdvertisedAddress", network.AddressOf(i), "--Dcron:Cluster:ListenAddress", "0.0.0.0", "--Dcron:Cluster:AllowUnencrypted", "true",
            "--Dcron:Api:AdminKey", Key, "--Dcron:Worker:Slots", "4", "--Dcron:Worker:LeaseSeconds", "10", "--Dcron:Worker:WritablePaths:0", folder.Path)
        {
            Address = network.AddressOf(i),
            Wrapper = network.On(i),
            Key = Key,
        })]);
        await cluster.StartAsync();
        var traces = new Traces(folder.Of("traces"));
        var leader = await cluster.LeaderAsync();
        var job = await traces.CreateJobAsync(leader, "* * * * * *", overlap: "allow"); // what runs there holds back nothing
        await Until(() => traces.Starts().Count > 2, "launches go on");

        await network.CutAsync(cluster.Nodes.ToList().IndexOf(leader));
        await leader.EndsAsync(); // the others have declared it dead in the table, which it can read
        Assert.Contains("declared this silo", leader.Output, StringComparison.Ordinal);
        var cut = TimeProvider.System.GetUtcNow();
        await Until(() => traces.Starts().Any(start => start.FireTime > cut), "launches go on elsewhere");

        await network.MendAsync(cluster.Nodes.ToList().IndexOf(leader));
        await cluster.StartAsync();
        var mended = TimeProvider.System.GetUtcNow();
        await Until(() => traces.Starts().Any(start => start.FireTime > mended), "launches go on");
        await cluster.Any.PostAsync($"jobs/{job}/pause");
        await cluster.Any.UntilAsync($"jobs/{job}/executions?limit=500", found => found.AsArray().All(execution => NodeVerbs.IsFinal(execution!)));
        LaunchCheck.Exact(job, await cluster.ExecutionsAsync(job), traces.Starts());
    }

    private static async Task Until(Func<bool> holds, string what)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 2400, what);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>Silos of a real cluster that are killed, paused and stopped. How long it takes is measured by the benchmark <c>failover</c>.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly TempFolder _folder = new();
    private ClusterProcesses _cluster = null!;
    private Traces _traces = null!;

    public async Task InitializeAsync()
    {
        _traces = new Traces(_folder.Of("traces"));
        _cluster = await ClusterProcesses.StartAsync(
            _folder.Of("data"), 3, "--Dcron:Worker:Slots", "4", "--Dcron:Worker:StopGraceSeconds", "1", "--Dcron:Worker:LeaseSeconds", "10",
            "--Dcron:Worker:WritablePaths:0", _folder.Path);
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task When_the_leader_is_killed_another_goes_on_and_what_ran_there_is_called_lost_without_its_return()
    {
        var leader = await _cluster.LeaderAsync();
        var job = await _traces.CreateJobAsync(leader, "* * * * * *");
        var held = await StartOnAsync(leader, "print('held', flush=True)\nimport time; time.sleep(600)");
        await StartsAfterAsync(Now());

        await leader.KillAsync();
        await StartsAfterAsync(Now());
        Assert.NotSame(leader, await _cluster.LeaderAsync());
        await _cluster.Any.UntilAsync($"executions/{held}", execution => (string)execution["execution_result"]! == "lost", Limit);

        await _cluster.Any.PostAsync($"jobs/{job}/pause");
        await CheckEachSecondAsync(job);
    }

    [Fact]
    public async Task A_leader_that_hung_launches_nothing_when_it_wakes_up_and_its_scripts_have_ended()
    {
        var leader = await _cluster.LeaderAsync();
        var old = await WorkerIdOf(leader);

        // What runs there at that moment is called lost only when its lease is over: by the policy skip it would hold back all others until then.
        var job = await _traces.CreateJobAsync(leader, "* * * * * *", overlap: "allow");
        var held = await StartOnAsync(leader, "import time; time.sleep(600)");
        await Until(() => Task.FromResult(Security.Hosts.Bearing(held).Count > 0), "the script has begun");

        await leader.SignalAsync("STOP");
        var other = _cluster.Nodes.First(node => node != leader);
        await StartsAfterAsync(Now(), exceptOn: old, other);
        await other.UntilAsync($"executions/{held}", execution => (string)execution["execution_result"]! == "lost", Limit);
        Assert.Empty(Security.Hosts.Bearing(held)); // its script has ended before it is called lost

        var woken = Now();
        await leader.SignalAsync("CONT");
        await leader.EndsAsync();
        await StartsAfterAsync(Now(), exceptOn: old, other);
        await other.PostAsync($"jobs/{job}/pause");
        var executions = await _cluster.ExecutionsAsync(job);
        Assert.DoesNotContain(executions, execution => (string?)execution["worker_id"] == old && (DateTimeOffset?)execution["started_at"] > woken);
        await CheckEachSecondAsync(job);
        Assert.Contains("declared this silo", leader.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leader_that_is_stopped_hands_over_at_once_while_its_scripts_finish()
    {
        var leader = await _cluster.LeaderAsync();
        var old = await WorkerIdOf(leader);
        var job = await _traces.CreateJobAsync(leader, "* * * * * *");
        var release = _folder.Of("release");
        var held = await StartOnAsync(
            leader, $"import os, time\nprint('begun', flush=True)\nwhile not os.path.exists({System.Text.Json.JsonSerializer.Serialize(release)}): time.sleep(0.02)\nprint('done')");

        await leader.SignalAsync("TERM");
        var other = _cluster.Nodes.First(node => node != leader);
        await other.UntilAsync("workers", workers => workers.AsArray().Any(worker => (bool)worker!["leads"]! && (string)worker["worker_id"]! != old), Limit);
        await StartsAfterAsync(Now(), exceptOn: old, other);
        Assert.Equal("running", (string)(await other.GetAsync($"executions/{held}"))["execution_result"]!);

        await File.WriteAllTextAsync(release, "");
        Assert.Equal("succeeded", (string)(await other.EndOf(held))["execution_result"]!);
        await leader.EndsAsync();
        Assert.Equal(0, leader.ExitCode);
        Assert.Equal("begun\ndone\n", await other.LogAsync(held));
        await other.PostAsync($"jobs/{job}/pause");
        await CheckEachSecondAsync(job);
    }

    [Fact]
    public async Task A_second_signal_ends_the_scripts_of_a_stopping_silo_and_records_them()
    {
        var node = _cluster.Nodes[0];
        var held = await StartOnAsync(node, "import time\nprint('begun', flush=True)\ntime.sleep(600)");
        await Until(async () => await _cluster.Nodes[1].LogAsync(held) == "begun\n", "the script has begun");
        await node.SignalAsync("TERM");
        var id = await WorkerIdOf(node, _cluster.Nodes[1]);
        await _cluster.Nodes[1].UntilAsync("workers", workers => workers.AsArray().All(worker => (string)worker!["worker_id"]! != id || (string)worker["state"]! == "draining"), Limit);
        Assert.True(node.IsRunning, "it waits for its script");

        await node.SignalAsync("TERM");
        await node.EndsAsync();
        Assert.Equal(0, node.ExitCode);
        var ended = await _cluster.Nodes[1].GetAsync($"executions/{held}");
        Assert.Equal("lost", (string)ended["execution_result"]!);
        Assert.Contains("stopped", (string)ended["reason"]!, StringComparison.Ordinal);
        Assert.StartsWith("begun\n", await _cluster.Nodes[1].LogAsync(held), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_kills_in_between_no_launch_is_missing_and_none_is_doubled()
    {
        const int Jobs = 10;
        var jobs = new List<string>();
        for (var i = 0; i < Jobs; i++)
        {
            jobs.Add(await _traces.CreateJobAsync(_cluster.Any, "* * * * * *"));
        }

        for (var victim = 0; victim < 3; victim++)
        {
            await StartsAfterAsync(Now());
            var node = victim == 1 ? await _cluster.LeaderAsync() : _cluster.Nodes[victim];
            await node.KillAsync();
            await StartsAfterAsync(Now());
            await node.StartAgainAsync();
            await _cluster.UntilWorkersAsync(3);
        }

        await Until(() => Task.FromResult(_traces.Starts().Count >= 300), "enough was started");
        foreach (var job in jobs)
        {
            await _cluster.Any.PostAsync($"jobs/{job}/pause");
        }

        foreach (var job in jobs)
        {
            await CheckEachSecondAsync(job);
        }
    }

    /// <summary>Each second from the first to the last has one document, and each document that says so, and no other, has one start.</summary>
    private async Task CheckEachSecondAsync(string job)
    {
        await _cluster.Any.UntilAsync($"jobs/{job}/executions?limit=500", found => found.AsArray().All(execution => NodeVerbs.IsFinal(execution!)), Limit);
        LaunchCheck.Exact(job, await _cluster.ExecutionsAsync(job), _traces.Starts());
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    private static async Task<string> WorkerIdOf(NodeProcess node, NodeProcess? askedAt = null)
    {
        var workers = await (askedAt ?? node).GetAsync("workers");
        return (string)workers.AsArray().Single(worker => ClusterProcesses.IsOf(node, (string)worker!["worker_id"]!))!["worker_id"]!;
    }

    /// <summary>Runs a script on one silo; which one a launch goes to is round-robin, so that others may come first.</summary>
    private static async Task<string> StartOnAsync(NodeProcess node, string script)
    {
        for (var tries = 0; tries < 12; tries++)
        {
            var id = await node.StartOnceAsync("python", script);
            var execution = await node.UntilAsync($"executions/{id}", found => found["worker_id"] is not null);
            if (ClusterProcesses.IsOf(node, (string)execution["worker_id"]!))
            {
                return id;
            }

            await node.PostAsync($"executions/{id}/cancel");
            await node.EndOf(id);
        }

        throw new InvalidOperationException("Round-robin never came to that silo.");
    }

    private async Task StartsAfterAsync(DateTimeOffset time) =>
        await Until(() => Task.FromResult(_traces.Starts().Any(start => start.FireTime > time)), "launches that are due go on");

    private static async Task StartsAfterAsync(DateTimeOffset time, string exceptOn, NodeProcess askedAt) => await Until(
        async () =>
        {
            var since = Uri.EscapeDataString(time.ToString("O", CultureInfo.InvariantCulture));
            var found = (await askedAt.GetAsync($"executions?limit=500&result=succeeded&from={since}")).AsArray();
            return found.Any(execution => (string)execution!["worker_id"]! != exceptOn);
        },
        "launches that are due go on elsewhere");

    private static async Task Until(Func<Task<bool>> holds, string what)
    {
        var end = Now() + Limit;
        while (!await holds())
        {
            Assert.True(Now() < end, what);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

using System.Text.Json.Nodes;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>Three real silos and a front-end at work.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class ClusterTests(SharedCluster shared)
{
    private const int Slots = 6;

    // Runs until its own file is there, so that a test says when it ends.
    private const string Waiting = "import os, time\nprint('begun', flush=True)\nwhile not os.path.exists(os.environ['RELEASE']): time.sleep(0.02)\nprint('released')";

    [Fact]
    public async Task Launches_go_round_the_workers_in_strict_turn()
    {
        var location = await shared.FrontEnd.UploadAsync("a.py", "pass");
        var job = await shared.FrontEnd.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = location });
        var workers = new List<string>();
        for (var i = 0; i < 9; i++)
        {
            var execution = await shared.FrontEnd.EndOf((string)(await shared.FrontEnd.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!);
            workers.Add((string)execution["worker_id"]!);
        }

        Assert.Equal(3, workers.Take(3).Distinct().Count());
        Assert.Equal(workers.Take(6), workers.Skip(3));
    }

    [Fact]
    public async Task A_job_runs_only_where_the_labels_fit()
    {
        for (var i = 0; i < 3; i++)
        {
            var execution = await shared.FrontEnd.RunOnceAsync("python", "pass", new { worker_selector = new { silo = $"{i}" } });
            Assert.True(ClusterProcesses.IsOf(shared.Silos.Nodes[i], (string)execution["worker_id"]!));
        }

        var nowhere = await shared.FrontEnd.StartOnceAsync("python", "pass", new { worker_selector = new { silo = "3" } });
        await shared.FrontEnd.RunOnceAsync("python", "pass"); // whatever else waits goes past it
        Assert.Equal("queued", (string)(await shared.FrontEnd.GetAsync($"executions/{nowhere}"))["execution_result"]!);
        await shared.FrontEnd.PostAsync($"executions/{nowhere}/cancel");
        Assert.Equal("cancelled", (string)(await shared.FrontEnd.EndOf(nowhere))["execution_result"]!);
    }

    [Fact]
    public async Task When_all_are_busy_a_launch_is_owed_and_taken_by_the_first_slot_that_is_freed()
    {
        var running = new List<(string Id, string Release)>();
        for (var i = 0; i < Slots; i++)
        {
            running.Add(await StartWaitingAsync($"busy-{i}"));
        }

        foreach (var (id, _) in running)
        {
            await shared.FrontEnd.UntilAsync($"executions/{id}", IsRunning);
        }

        var next = await StartWaitingAsync("next");
        await shared.FrontEnd.UntilAsync("workers", workers => workers.AsArray().All(worker => (int)worker!["running"]! == 2));
        Assert.Equal("queued", (string)(await shared.FrontEnd.GetAsync($"executions/{next.Id}"))["execution_result"]!);

        await File.WriteAllTextAsync(running[3].Release, "");
        var freed = await shared.FrontEnd.EndOf(running[3].Id);
        var taken = await shared.FrontEnd.UntilAsync($"executions/{next.Id}", IsRunning);
        Assert.Equal((string)freed["worker_id"]!, (string)taken["worker_id"]!);

        foreach (var (id, release) in running.Append(next))
        {
            await File.WriteAllTextAsync(release, "");
            Assert.Equal("succeeded", (string)(await shared.FrontEnd.EndOf(id))["execution_result"]!);
        }
    }

    [Fact]
    public async Task Any_server_shows_the_log_of_a_script_that_runs_elsewhere()
    {
        var (id, release) = await StartWaitingAsync("followed");
        foreach (var server in shared.Silos.Nodes.Append(shared.FrontEnd))
        {
            await server.UntilAsync($"executions/{id}", IsRunning);
            await UntilLogAsync(server, id, "begun\n");
        }

        var followers = shared.Silos.Nodes.Append(shared.FrontEnd)
            .Select(server => server.Client.GetStringAsync(new Uri($"executions/{id}/log?follow=true", UriKind.Relative))).ToList();
        await File.WriteAllTextAsync(release, "");
        foreach (var stream in await Task.WhenAll(followers))
        {
            Assert.Contains("released", stream, StringComparison.Ordinal);
            Assert.Contains("event: end", stream, StringComparison.Ordinal);
        }

        foreach (var server in shared.Silos.Nodes.Append(shared.FrontEnd))
        {
            Assert.Equal("begun\nreleased\n", await server.LogAsync(id));
        }
    }

    [Fact]
    public async Task Every_server_knows_the_same_workers_and_the_same_leader()
    {
        var known = new List<string>();
        foreach (var server in shared.Silos.Nodes.Append(shared.FrontEnd))
        {
            var workers = (await server.UntilAsync("workers", found => found.AsArray().Count == 3)).AsArray();
            known.Add(string.Join(' ', workers.Select(worker => $"{worker!["worker_id"]} {worker["leads"]}").Order(StringComparer.Ordinal)));
        }

        Assert.Single(known.Distinct());
        Assert.Single(known[0].Split(' '), word => word == "true");
    }

    private static bool IsRunning(JsonNode execution) => (string)execution["execution_result"]! == "running";

    private async Task<(string Id, string Release)> StartWaitingAsync(string name)
    {
        var release = shared.FileOf(name);
        return (await shared.FrontEnd.StartOnceAsync("python", Waiting, new { env = new { RELEASE = release } }), release);
    }

    private static async Task UntilLogAsync(NodeProcess server, string id, string expected)
    {
        for (var tries = 0; await server.LogAsync(id) != expected; tries++)
        {
            Assert.True(tries < 1000, "the log has what the script printed");
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System);
        }
    }
}

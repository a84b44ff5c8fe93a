using Dcron.Tests.Security;

namespace Dcron.Tests.Node;

/// <summary>kill -9 of a node, and what its next start makes of it.</summary>
public sealed class KilledNodeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Scripts_of_a_killed_node_end_and_are_closed_as_lost_with_their_log_so_far()
    {
        await using var node = await NodeProcess.StartAsync(_folder.Of("data"), "--Dcron:Worker:Slots", "4");
        var script = "import subprocess, time\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\nprint('begun', flush=True)\ntime.sleep(600)";
        var id = await node.StartOnceAsync("python", script);
        await node.UntilAsync($"executions/{id}", execution => (string)execution["execution_result"]! == "running");
        await UntilLog(node, id, log => log.Contains("begun", StringComparison.Ordinal));
        Assert.NotEmpty(Hosts.Bearing(id));

        await node.KillAsync();
        await Until(() => Hosts.Bearing(id).Count == 0, "its processes end with their node");

        await node.StartAgainAsync();
        var execution = await node.EndOf(id);
        Assert.Equal("lost", (string)execution["execution_result"]!);
        Assert.NotNull((string?)execution["started_at"]);
        Assert.StartsWith("begun", await node.LogAsync(id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schedules_go_on_and_of_the_missed_fire_times_only_the_latest_is_run()
    {
        await using var node = await NodeProcess.StartAsync(_folder.Of("data"));
        var location = await node.UploadAsync("tick.py", "pass");
        var job = await node.CreateJobAsync(new { time = "* * * * * *", script_type = "python", script_location = location, name = "each second" });
        var path = $"jobs/{job["job_id"]}/executions?limit=500";
        await node.UntilAsync($"{path}&result=succeeded", found => found.AsArray().Count >= 2);
        await node.KillAsync();
        var killed = TimeProvider.System.GetUtcNow();
        await Task.Delay(TimeSpan.FromSeconds(12), TimeProvider.System); // the time that is missed is what this test is about
        await node.StartAgainAsync();
        var back = TimeProvider.System.GetUtcNow();

        var executions = (await node.UntilAsync(path, found => found.AsArray().Any(execution =>
            (DateTimeOffset)execution!["execution_date"]! > back && (string)execution["execution_result"]! == "succeeded"))).AsArray();
        var missed = executions.Where(execution => (string)execution!["execution_result"]! == "missed").ToList();
        Assert.NotEmpty(missed);
        Assert.All(missed, execution => Assert.Contains("misfire policy", (string)execution!["reason"]!, StringComparison.Ordinal));

        // Each second since the first has exactly one document, whatever became of it.
        var times = executions.Select(execution => (DateTimeOffset)execution!["execution_date"]!).Order().ToList();
        Assert.Equal(times.Distinct(), times);
        Assert.Equal(Enumerable.Range(0, times.Count).Select(i => times[0].AddSeconds(i)), times);
        Assert.Contains(times, time => time > killed && time < back);
    }

    [Fact]
    public async Task Jobs_executions_and_logs_are_there_after_a_kill()
    {
        await using var node = await NodeProcess.StartAsync(_folder.Of("data"));
        var before = await node.RunOnceAsync("python", "print('kept')", new { name = "keeper" });
        await node.KillAsync();
        await node.StartAgainAsync();
        Assert.Equal("keeper", (string)(await node.GetAsync($"jobs/{before["job_id"]}"))["name"]!);
        Assert.Equal(before.ToJsonString(), (await node.GetAsync($"executions/{before["execution_id"]}")).ToJsonString());
        Assert.Equal("kept\n", await node.LogAsync((string)before["execution_id"]!));
    }

    [Fact]
    public async Task A_stopped_node_lets_scripts_finish()
    {
        await using var node = await NodeProcess.StartAsync(_folder.Of("data"));
        var id = await node.StartOnceAsync("python", "import time; print('begun', flush=True); time.sleep(3); print('done')");
        await UntilLog(node, id, log => log.Contains("begun", StringComparison.Ordinal));
        await node.StopAsync();
        await node.StartAgainAsync();
        var execution = await node.EndOf(id);
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Equal("begun\ndone\n", await node.LogAsync(id));
    }

    private static async Task<string> UntilLog(NodeProcess node, string id, Func<string, bool> satisfies)
    {
        var log = "";
        await Until(async () => satisfies(log = await node.LogAsync(id)), "the log has what the script printed");
        return log;
    }

    private static Task Until(Func<bool> holds, string what) => Until(() => Task.FromResult(holds()), what);

    private static async Task Until(Func<Task<bool>> holds, string what)
    {
        var end = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(30);
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, what);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}

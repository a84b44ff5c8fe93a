using Dcron.Tests.Security;

namespace Dcron.Tests.Node;

/// <summary>A node that is stopped with SIGSTOP: alive for the kernel, dead for everybody else.</summary>
public sealed class FrozenNodeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Scripts_of_a_frozen_node_end_with_its_lease_and_are_closed_as_lost_when_it_goes_on()
    {
        await using var node = await NodeProcess.StartAsync(_folder.Of("data"), "--Dcron:Worker:Slots", "4");
        var location = await node.UploadAsync("tick.py", "pass");
        var ticking = await node.CreateJobAsync(new { time = "* * * * * *", script_type = "python", script_location = location, name = "each second" });
        var id = await node.StartOnceAsync("python", "import time; print('begun', flush=True); time.sleep(600)");
        await node.UntilAsync($"executions/{id}", execution => (string)execution["execution_result"]! == "running");
        await node.UntilLogAsync(id, "begun");

        await node.SignalAsync("STOP");
        await EndOfProcessesAsync(id);
        var thawed = TimeProvider.System.GetUtcNow();
        await node.SignalAsync("CONT");

        var lost = await node.EndOf(id);
        Assert.Equal("lost", (string)lost["execution_result"]!);
        Assert.Contains("lease", (string)lost["reason"]!, StringComparison.Ordinal);
        Assert.StartsWith("begun", await node.LogAsync(id), StringComparison.Ordinal);

        // The schedule goes on, and each second that passed meanwhile has its one document.
        var executions = (await node.UntilAsync($"jobs/{ticking["job_id"]}/executions?limit=500", found => found.AsArray().Any(execution =>
            (DateTimeOffset)execution!["execution_date"]! > thawed && (string)execution["execution_result"]! == "succeeded"))).AsArray();
        var times = executions.Select(execution => (DateTimeOffset)execution!["execution_date"]!).Order().ToList();
        Assert.Equal(Enumerable.Range(0, times.Count).Select(i => times[0].AddSeconds(i)), times);
        Assert.Equal("succeeded", (string)(await node.RunOnceAsync("python", "pass"))["execution_result"]!);
    }

    private static async Task EndOfProcessesAsync(string id)
    {
        var end = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(60);
        while (Hosts.Bearing(id).Count > 0)
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, "the guard ends the script when the lease runs out");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

using System.Diagnostics;
using Dcron.Grains.Processes.Guarding;

namespace Dcron.Tests.Processes;

/// <summary>The guard itself, as a process, with a test on the other end of its pipe.</summary>
public sealed class GuardTests : IAsyncLifetime
{
    private readonly List<Process> _scripts = [];
    private Process _guard = null!;

    public async Task InitializeAsync()
    {
        var command = GuardPrograms.OfTests();
        var start = new ProcessStartInfo(command.Executable, command.Arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        _guard = Process.Start(start)!;
        Assert.Equal("ready", await HeardAsync());
    }

    public async Task DisposeAsync()
    {
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync().WaitAsync(ProcessBench.Patience);
        foreach (var script in _scripts)
        {
            script.Kill();
            script.Dispose();
        }

        _guard.Dispose();
    }

    [Fact]
    public async Task At_the_end_of_its_input_it_kills_announced_scripts_and_nothing_else()
    {
        var (announced, told, done, stranger) = (Script("a"), Script("b"), Script("c"), Script("d"));
        await TellAsync("script a", "script b", $"pid b {told.Id}", "script c", $"pid c {done.Id}", "done c");

        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync().WaitAsync(ProcessBench.Patience);

        Assert.Equal(0, _guard.ExitCode);
        await ProcessBench.GoneAsync(announced.Id); // not by Process: in a session of its own, it is waited for by whatever hosts scripts in this process
        await ProcessBench.GoneAsync(told.Id);
        Assert.True(ProcessBench.IsAlive(done.Id));
        Assert.True(ProcessBench.IsAlive(stranger.Id));
    }

    [Fact]
    public async Task It_finds_children_that_left_the_group_or_dropped_the_environment()
    {
        var script = Script("a", "sleep 600 & echo $!; setsid sleep 600 & echo $!; env -i sleep 600 & echo $!; env -i setsid sleep 600 & echo $!; wait");
        var pids = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            pids.Add(int.Parse((await script.StandardOutput.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture));
        }

        await TellAsync("script a", $"pid a {script.Id}");
        _guard.StandardInput.Close();

        foreach (var pid in pids)
        {
            await ProcessBench.GoneAsync(pid);
        }
    }

    [Fact]
    public async Task A_process_id_that_became_another_process_is_left_alone()
    {
        var stranger = Script("x");
        await TellAsync("script a", $"pid a {stranger.Id}");

        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync().WaitAsync(ProcessBench.Patience);

        Assert.True(ProcessBench.IsAlive(stranger.Id));
    }

    [Fact]
    public async Task When_the_lease_runs_out_scripts_die_and_a_new_lease_lets_new_ones_live()
    {
        var first = Script("a");
        await TellAsync($"lease {BootClock.Milliseconds + 300}", "script a", $"pid a {first.Id}");

        Assert.Equal("ended a", await HeardAsync());
        await ProcessBench.GoneAsync(first.Id);

        var second = Script("b");
        await TellAsync($"lease {BootClock.Milliseconds + 600_000}", "script b", $"pid b {second.Id}");
        var late = Script("a"); // announced before the lease ran out, started after it was renewed: condemned all the same
        await ProcessBench.GoneAsync(late.Id);
        Assert.True(ProcessBench.IsAlive(second.Id));
    }

    [Fact]
    public async Task A_lease_that_arrives_after_its_end_is_no_lease()
    {
        var script = Script("a");
        await TellAsync("script a", $"lease {BootClock.Milliseconds - 1}");

        await ProcessBench.GoneAsync(script.Id);
    }

    [Fact]
    public async Task It_does_not_end_before_its_node_whoever_asks()
    {
        foreach (var signal in (int[])[1, 2, 15])
        {
            Posix.Signal(_guard.Id, signal);
        }

        await TellAsync("script a", $"lease {BootClock.Milliseconds - 1}");
        Assert.Equal("ended a", await HeardAsync());
    }

    [Fact]
    public async Task It_stays_small_and_quiet()
    {
        await TellAsync("script a", $"lease {BootClock.Milliseconds + 600_000}");

        _guard.Refresh();
        Assert.InRange(_guard.WorkingSet64, 0, 45L * 1024 * 1024);
    }

    /// <summary>A node that is killed while a script runs, played by a shell.</summary>
    [Fact]
    public async Task When_its_node_is_killed_the_scripts_die()
    {
        var (node, script) = await NodeAsync("wait");

        node.Kill();

        await ProcessBench.GoneAsync(script);
    }

    /// <summary>A node that is stopped: it can't end anything itself, and its pipe stays open.</summary>
    [Fact]
    public async Task When_its_node_is_stopped_the_scripts_die_with_the_lease()
    {
        var (node, script) = await NodeAsync("kill -STOP $$; wait");

        await ProcessBench.GoneAsync(script);

        node.Kill();
    }

    private static async Task<(Process Node, int Script)> NodeAsync(string then)
    {
        var command = GuardPrograms.OfTests();
        var program = string.Join(' ', command.Arguments.Prepend(command.Executable).Select(word => $"'{word}'"));
        var environment = string.Join(' ', command.Environment.Select(pair => $"{pair.Key}='{pair.Value}'"));
        var id = $"node{Guid.NewGuid():N}";
        var until = BootClock.Milliseconds + (then == "wait" ? 600_000 : 3_000);
        var node = Bash($$"""
            exec 3> >({{environment}} exec setsid {{program}} >&2)
            echo "lease {{until}}" >&3
            echo "script {{id}}" >&3
            DCRON_EXECUTION_ID={{id}} setsid sleep 600 3>&- &
            echo "pid {{id}} $!" >&3
            echo $!
            {{then}}
            """, redirectErrors: true);
        var script = int.Parse((await node.StandardOutput.ReadLineAsync().WaitAsync(ProcessBench.Patience))!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("ready", await node.StandardError.ReadLineAsync().WaitAsync(ProcessBench.Patience));
        return (node, script);
    }

    private Process Script(string id, string script = "exec sleep 600")
    {
        var process = Bash($"exec setsid env DCRON_EXECUTION_ID={id}-{_guard.Id} bash -c '{script}'", redirectErrors: false);
        _scripts.Add(process);
        return process;
    }

    private static Process Bash(string script, bool redirectErrors) =>
        Process.Start(new ProcessStartInfo("/bin/bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = redirectErrors })!;

    /// <summary>Ids of several tests at once must differ, so they get the guard's process id.</summary>
    private async Task TellAsync(params string[] lines)
    {
        foreach (var words in lines.Select(line => line.Split(' ')))
        {
            words[1] = words[0] == "lease" ? words[1] : $"{words[1]}-{_guard.Id}";
            await _guard.StandardInput.WriteAsync(string.Join(' ', words) + "\n");
        }

        await _guard.StandardInput.FlushAsync();
    }

    private async Task<string?> HeardAsync() =>
        (await _guard.StandardOutput.ReadLineAsync().WaitAsync(ProcessBench.Patience))?.Replace($"-{_guard.Id}", "", StringComparison.Ordinal);
}

using System.Globalization;
using Dcron.Grains.Processes;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Processes;

/// <summary>Timeouts, cancelling, and what scripts leave behind.</summary>
public sealed class EndingTests : IAsyncLifetime
{
    private ProcessBench _bench = null!;

    public Task InitializeAsync()
    {
        _bench = new ProcessBench();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_script_that_runs_too_long_is_ended_and_its_log_says_so()
    {
        var time = new FakeTimeProvider();
        await using var bench = new ProcessBench(time: time);
        var run = bench.Start(bench.Bash("echo begun; exec sleep 600") with { Timeout = TimeSpan.FromMinutes(2) });
        await ProcessBench.UntilLoggedAsync(run, "begun\n");
        time.Advance(TimeSpan.FromSeconds(119));
        Assert.False(run.Completion.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(1));
        var exit = await run.Completion.WaitAsync(ProcessBench.Patience);

        Assert.Equal("SIGTERM", Assert.IsType<ScriptExit.Signalled>(exit).Name);
        Assert.Equal(EndCause.Timeout, exit.Cause);
        Assert.Equal("begun\n[dcron: ended after 120 s (timeout)]\n", await ProcessBench.UntilLoggedAsync(run, "]\n"));
        run.Log.Dispose();
    }

    [Fact]
    public void A_timeout_of_months_fires_in_time_and_once()
    {
        var time = new FakeTimeProvider();
        var fired = 0;
        using var timer = new LongTimer(time, TimeSpan.FromDays(100), () => fired++);

        for (var day = 1; day < 150; day++)
        {
            time.Advance(TimeSpan.FromDays(1));
            Assert.Equal(day < 100 ? 0 : 1, fired);
        }
    }

    [Fact]
    public async Task A_script_may_clean_up_when_it_is_asked_to_end()
    {
        var run = _bench.Start(_bench.Bash("trap 'echo cleaned; exit 4' TERM; echo ready; while :; do sleep 0.05; done"));
        await ProcessBench.UntilLoggedAsync(run, "ready\n");

        run.End(EndCause.Cancelled);
        var exit = await run.Completion.WaitAsync(ProcessBench.Patience);

        Assert.Equal(4, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Equal(EndCause.Cancelled, exit.Cause);
        Assert.Contains("cleaned\n[dcron: ended after", await ProcessBench.UntilLoggedAsync(run, "(cancelled)]\n"), StringComparison.Ordinal);
        run.Log.Dispose();
    }

    [Fact]
    public async Task A_script_that_ignores_the_request_is_killed_after_its_grace()
    {
        var run = _bench.Start(_bench.Bash("trap '' TERM; echo ready; while :; do sleep 1; done") with { Grace = TimeSpan.FromMilliseconds(300) });
        await ProcessBench.UntilLoggedAsync(run, "ready\n");

        var asked = TimeProvider.System.GetTimestamp();
        run.End(EndCause.Cancelled);
        var exit = await run.Completion.WaitAsync(ProcessBench.Patience);

        Assert.Equal("SIGKILL", Assert.IsType<ScriptExit.Signalled>(exit).Name);
        Assert.Equal(EndCause.Cancelled, exit.Cause);
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked).TotalSeconds, 0.29, 20);
        run.Log.Dispose();
    }

    [Fact]
    public async Task A_stopped_script_can_be_ended_too()
    {
        var run = _bench.Start(_bench.Bash("echo ready; kill -STOP $$"));
        await ProcessBench.UntilLoggedAsync(run, "ready\n");

        run.End(EndCause.Cancelled);

        Assert.Equal(EndCause.Cancelled, (await run.Completion.WaitAsync(ProcessBench.Patience)).Cause);
        run.Log.Dispose();
    }

    [Fact]
    public async Task Ending_what_has_ended_changes_nothing()
    {
        var run = _bench.Start(_bench.Bash("exit 5"));
        await run.Completion.WaitAsync(ProcessBench.Patience);
        run.End(EndCause.Cancelled);

        var exit = await run.Completion;
        Assert.Equal(5, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Null(exit.Cause);
        run.Log.Dispose();
    }

    [Fact]
    public async Task Children_in_the_group_end_with_the_script()
    {
        var (exit, log) = await _bench.RunAsync(_bench.Bash("sleep 600 & echo $!; sleep 600 >/dev/null 2>&1 & echo $!; exit 0"));

        Assert.Equal(0, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Null(exit.Cause);
        Assert.All(Pids(log), pid => Assert.False(ProcessBench.IsAlive(pid)));
        Assert.Equal(2, Pids(log).Count);
    }

    [Fact]
    public async Task Children_that_ignore_the_request_are_killed()
    {
        var (_, log) = await _bench.RunAsync(
            _bench.Bash("(trap '' TERM; echo $BASHPID; touch a; while :; do sleep 1; done) & until [ -e a ]; do sleep 0.02; done; exit 0") with { Grace = TimeSpan.FromMilliseconds(100) });

        Assert.False(ProcessBench.IsAlive(Assert.Single(Pids(log))));
    }

    [Fact]
    public async Task Children_in_sessions_of_their_own_end_with_the_script()
    {
        var (exit, log) = await _bench.RunAsync(_bench.Bash(
            "setsid bash -c 'echo $$; touch a; exec sleep 600' & setsid -f bash -c 'echo $$; touch b; exec sleep 600 >/dev/null 2>&1'; until [ -e a -a -e b ]; do sleep 0.02; done"));

        Assert.Equal(0, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Equal(2, Pids(log).Count);
        Assert.All(Pids(log), pid => Assert.False(ProcessBench.IsAlive(pid)));
    }

    [Fact]
    public async Task A_last_stage_of_a_pipeline_may_finish_after_the_script()
    {
        // A clock that runs much slower than the script: on a busy machine the courtesy must not be over too early.
        var time = new FakeTimeProvider();
        await using var bench = new ProcessBench(time: time);
        var run = bench.Start(bench.Bash("(sleep 0.05; echo late) & exit 0"));
        await ProcessBench.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(0.2));
            return run.Completion.IsCompleted;
        });

        Assert.Equal("late\n", await ProcessBench.UntilLoggedAsync(run, "\n"));
        run.Log.Dispose();
    }

    [Fact]
    public async Task A_child_beyond_reach_that_holds_the_output_does_not_hang_the_end()
    {
        var (exit, log) = await _bench.RunAsync(_bench.Bash("env -i setsid -f /bin/bash -c 'echo $$; /usr/bin/touch a; exec /bin/sleep 600'; until [ -e a ]; do sleep 0.02; done"));
        var pid = Assert.Single(Pids(log));

        Assert.Equal(0, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.True(ProcessBench.IsAlive(pid), "it has neither the group nor the environment: nobody can know whose it is");
        Posix.Signal(pid, Posix.SigKill);
    }

    [Fact]
    public async Task Orphans_of_a_running_script_do_not_stay_zombies()
    {
        var run = _bench.Start(_bench.Bash("setsid -f bash -c 'echo $$'; (bash -c 'echo $$' &); echo ready; sleep 600"));
        var log = await ProcessBench.UntilLoggedAsync(run, "ready\n");
        while (Pids(log).Count < 2)
        {
            log += await ProcessBench.UntilLoggedAsync(run, "\n", log.Length);
        }

        foreach (var pid in Pids(log))
        {
            await ProcessBench.BuriedAsync(pid);
        }

        Assert.False(run.Completion.IsCompleted);
        run.End(EndCause.Cancelled);
        await run.Completion.WaitAsync(ProcessBench.Patience);
        run.Log.Dispose();
    }

    [Fact]
    public async Task Disposing_the_host_ends_everything()
    {
        var bench = new ProcessBench();
        var runs = Enumerable.Range(0, 5).Select(_ => bench.Start(bench.Bash("sleep 600"))).ToList();

        await bench.Host.DisposeAsync().AsTask().WaitAsync(ProcessBench.Patience);

        foreach (var run in runs)
        {
            Assert.Equal(EndCause.Stopping, (await run.Completion).Cause);
            run.Log.Dispose();
        }

        Assert.IsType<ScriptStart.Failed>(bench.Host.Start(bench.Bash("true")));
        await bench.DisposeAsync();
    }

    private static List<int> Pids(string log) =>
        [.. log.Split('\n').Where(line => line.Length > 0 && line.All(char.IsAsciiDigit)).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
}

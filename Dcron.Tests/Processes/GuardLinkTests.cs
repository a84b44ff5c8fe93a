using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dcron.Tests.Processes;

/// <summary>The node's side of the guard, with a real guard.</summary>
public sealed class GuardLinkTests : IAsyncLifetime
{
    private ProcessBench _bench = null!;

    private GuardLink Guard => _bench.Guard!;

    public Task InitializeAsync()
    {
        _bench = new ProcessBench(reactor => new GuardLink(reactor, GuardPrograms.OfTests(), TimeProvider.System, NullLogger<GuardLink>.Instance));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task No_script_is_started_before_a_guard_serves()
    {
        var refused = Assert.IsType<ScriptStart.Failed>(_bench.Host.Start(_bench.Bash("true")));
        Assert.Contains("guard", refused.Reason, StringComparison.Ordinal);
        Assert.False(Guard.IsReady);

        await ReadyAsync();
        var (exit, _) = await _bench.RunAsync(_bench.Bash("exit 2"));
        Assert.Equal(2, Assert.IsType<ScriptExit.Exited>(exit).Code);
    }

    [Fact]
    public async Task A_guard_that_died_is_replaced_and_the_new_one_knows_what_runs()
    {
        await ReadyAsync();
        var run = _bench.Start(_bench.Bash("echo ready; exec sleep 600"));
        await ProcessBench.UntilLoggedAsync(run, "ready");
        var first = Guard.Pid!.Value;

        Posix.Signal(first, Posix.SigKill);
        await ProcessBench.UntilAsync(() => Guard.Pid is { } pid && pid != first);
        await Guard.WhenReadyAsync().WaitAsync(ProcessBench.Patience);
        Guard.RenewLease(TimeSpan.FromMilliseconds(200));

        var exit = await run.Completion.WaitAsync(ProcessBench.Patience);
        Assert.Equal(EndCause.LeaseExpired, exit.Cause);
        Assert.Equal("SIGKILL", Assert.IsType<ScriptExit.Signalled>(exit).Name);
        run.Log.Dispose();
    }

    [Fact]
    public async Task While_the_lease_is_out_nothing_starts_and_afterwards_it_does()
    {
        await ReadyAsync();
        Guard.RenewLease(TimeSpan.Zero);
        var refused = Assert.IsType<ScriptStart.Failed>(_bench.Host.Start(_bench.Bash("true")));
        Assert.Contains("lease", refused.Reason, StringComparison.Ordinal);

        Guard.RenewLease(TimeSpan.FromMinutes(1));
        var (exit, _) = await _bench.RunAsync(_bench.Bash("exit 2"));
        Assert.Equal(2, Assert.IsType<ScriptExit.Exited>(exit).Code);
    }

    [Fact]
    public async Task A_renewed_lease_keeps_scripts_alive()
    {
        await ReadyAsync();
        Guard.RenewLease(TimeSpan.FromSeconds(4));
        var run = _bench.Start(_bench.Bash("for i in {1..50}; do echo $i; sleep 0.1; done; exit 8"));
        for (var i = 1; i <= 50; i += 5)
        {
            await ProcessBench.UntilLoggedAsync(run, $"{i}\n");
            Guard.RenewLease(TimeSpan.FromSeconds(4));
        }

        Assert.Equal(8, Assert.IsType<ScriptExit.Exited>(await run.Completion.WaitAsync(ProcessBench.Patience)).Code);
        run.Log.Dispose();
    }

    [Fact]
    public async Task Disposing_lets_the_guard_end()
    {
        await ReadyAsync();
        var pid = Guard.Pid!.Value;

        await Guard.DisposeAsync();

        Assert.False(ProcessBench.IsAlive(pid));
    }

    [Fact]
    public async Task A_guard_that_cannot_be_started_is_a_reason_not_to_start_scripts()
    {
        await using var bench = new ProcessBench(reactor => new GuardLink(
            reactor, new GuardCommand("/no/such/guard", [], GuardCommand.SmallRuntime()), TimeProvider.System, NullLogger<GuardLink>.Instance));
        bench.Guard!.Open();

        Assert.False(bench.Guard.IsReady);
        Assert.IsType<ScriptStart.Failed>(bench.Host.Start(bench.Bash("true")));
    }

    private async Task ReadyAsync()
    {
        Guard.Open();
        await Guard.WhenReadyAsync().WaitAsync(ProcessBench.Patience);
    }
}

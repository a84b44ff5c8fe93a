using Dcron.Grains.Containing;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Containing;
using Dcron.Grains.Processes.Native;
using Dcron.Tests.Processes;

namespace Dcron.Tests.Security;

/// <summary>Sandboxes that are made before there is a script for them, in both of the ways in which exit statuses are kept.</summary>
public sealed class SandboxesTests : IAsyncDisposable
{
    private const int Most = 2;

    private static readonly SandboxShape Plain = SandboxShape.Of([], network: true);

    private readonly TempFolder _folder = new();
    private readonly ProcessBench _bench = new();
    private readonly ControlGroups? _groups = ControlGroups.Find(out _);
    private readonly UserPool? _users;
    private readonly WorkingFolders _folders;
    private readonly string _script;
    private int _count;
    private Sandboxes? _sandboxes;

    public SandboxesTests()
    {
        _users = Libc.GetEUid() == 0 ? new UserPool(UserPool.Locks, File.ReadAllText("/proc/self/uid_map")) : null;
        _folders = new WorkingFolders(_folder.Of("work"), TimeProvider.System);
        _script = _folder.Of("a.sh");
        File.WriteAllText(_script, "echo from the file; exit 5\n");
    }

    public async ValueTask DisposeAsync()
    {
        _sandboxes?.LetGo();
        await _bench.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>As when a node is killed before bubblewrap has asked to die with it.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task What_waits_goes_when_nobody_is_at_the_hatch_any_more(bool hasHolder, bool hasKnocked)
    {
        Assert.Equal(Errno.None, Hatch.Make(out var hatch, out var theirs));
        var line = ContainedLaunch.Waiting(["/usr/bin/env"], hasHolder);
        Assert.Equal(Errno.None, Spawner.Spawn(new SpawnRequest(line[0], line[1..], new Dictionary<string, string>(), "/", null, Spawner.Nowhere, theirs), out var pid));
        _ = Libc.Close(theirs);
        if (hasKnocked)
        {
            await ProcessBench.UntilAsync(() => hatch!.Knocked() is true);
        }

        hatch!.Close();
        await ProcessBench.GoneAsync(pid);
        ProcessHandle.Abandon(pid);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_script_ends_as_it_ended(bool hasHolder)
    {
        Make(hasHolder);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal((3, ""), await RunAsync("exit 3"));
            Assert.Equal((143, ""), await RunAsync("exit 143"));
            Assert.Equal((-Signals.Terminate, ""), await RunAsync("kill -TERM $$"));
            Assert.Equal((-Signals.Kill, "before\n"), await RunAsync("echo before; kill -KILL $$"));
            Assert.Equal((5, "from the file\n"), await RunAsync("exec sh /script/a.sh"));
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Standard_error_is_marked_where_a_job_wants_it_and_nowhere_else(bool hasHolder)
    {
        Make(hasHolder);
        Assert.Equal((0, "a\nb\nc\n"), await RunAsync("echo a; echo b >&2; echo c"));
        foreach (var (script, code, check) in MarkedScripts.All)
        {
            var sandbox = Take();
            var (exit, log) = await _bench.RunAsync(CommandOf(sandbox, script) with { MarksErrors = true });
            GiveBack(sandbox);
            Assert.Equal(code, Assert.IsType<ScriptExit.Exited>(exit).Code);
            check(log);
        }

        foreach (var steps in (Func<ProcessBench, Func<string, ScriptCommand>, Task>[])[MarkedScripts.SplitASecretAsync, MarkedScripts.BreakALineAsync])
        {
            var sandbox = Take();
            await steps(_bench, script => CommandOf(sandbox, script));
            GiveBack(sandbox);
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_script_leaves_behind_is_asked_before_it_is_ended(bool hasHolder)
    {
        Make(hasHolder);
        var (code, log) = await RunAsync("(trap 'echo asked; exit' TERM; echo ready; while :; do sleep 0.1; done) & sleep 0.3; exit 4");
        Assert.Equal(4, code);
        Assert.EndsWith("asked\n", log, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_script_that_is_ended_gets_its_grace(bool hasHolder)
    {
        Make(hasHolder);
        var sandbox = Take();
        var run = _bench.Start(CommandOf(sandbox, "trap 'echo asked; exit 9' TERM; echo ready; while :; do sleep 0.1; done"));
        await ProcessBench.UntilLoggedAsync(run, "ready");
        run.End(EndCause.Cancelled);
        var exit = Assert.IsType<ScriptExit.Exited>(await run.Completion.WaitAsync(ProcessBench.Patience));
        Assert.Equal((9, EndCause.Cancelled), (exit.Code, exit.Cause));
        GiveBack(sandbox);
    }

    [SkippableFact]
    public async Task The_next_script_finds_one_that_waits_with_a_folder_and_a_user_of_its_own()
    {
        Make();
        var first = Take();
        await ProcessBench.UntilAsync(() => _sandboxes!.Ready == Most);
        var second = Take();
        await ProcessBench.UntilAsync(() => _sandboxes!.Ready == Most);
        Assert.NotEqual(first.Folder, second.Folder);
        Assert.True(_users is null || first.User != second.User);
        Assert.Equal(1, (await RunInAsync(second, "exit 1")).Code);
        Assert.Equal(2, (await RunInAsync(first, "exit 2")).Code);
    }

    [SkippableFact]
    public async Task One_of_another_shape_is_made_anew_and_takes_the_places_of_those_that_wait()
    {
        Make();
        await RunAsync("exit 0");
        await ProcessBench.UntilAsync(() => _sandboxes!.Ready == Most);
        var cut = SandboxShape.Of([], network: false);
        for (var i = 0; i < 2 * Most; i++)
        {
            Assert.Equal((0, "lo\n"), await RunInAsync(Take(cut), "ls /sys/class/net 2>/dev/null || tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"));
        }

        Assert.InRange(_sandboxes!.Ready, 0, Most);
    }

    [SkippableFact]
    public async Task One_that_somebody_killed_is_not_given_to_a_script()
    {
        Make();
        await RunAsync("exit 0");
        await ProcessBench.UntilAsync(() => _sandboxes!.Ready == Most);
        var waiting = Waiting();
        waiting.ForEach(pid => Libc.Kill(pid, Signals.Kill));
        await ProcessBench.UntilAsync(() => !waiting.Exists(Hosts.With(_folder.Path).Contains));
        Assert.Equal(6, (await RunAsync("exit 6")).Code);
    }

    [SkippableFact]
    public async Task Nothing_is_left_of_those_that_are_let_go()
    {
        Make();
        await RunAsync("exit 0");
        await ProcessBench.UntilAsync(() => _sandboxes!.Ready == Most);
        Assert.NotEmpty(Waiting());
        _sandboxes!.LetGo();
        Assert.Equal(0, _sandboxes.Ready);
        await ProcessBench.UntilAsync(() => Waiting().Count == 0);
        Assert.DoesNotContain(Directory.GetDirectories(_folder.Of("work")), path => Path.GetFileName(path).StartsWith(".ahead", StringComparison.Ordinal));
        Assert.Equal(7, (await RunAsync("exit 7")).Code);
    }

    [SkippableFact]
    public async Task They_use_no_processor_while_they_wait()
    {
        Make();
        await RunAsync("exit 0");
        await ProcessBench.UntilAsync(() => _sandboxes!.Ready == Most);
        await ProcessBench.UntilAsync(() => Waiting().TrueForAll(pid => new ProcFs().Stat(pid)?.State is 'S' or 'T'));
    }

    [SkippableFact]
    public async Task What_a_script_is_to_run_is_on_no_command_line_and_in_no_file()
    {
        Make();
        var sandbox = Take();
        var run = _bench.Start(CommandOf(sandbox, "echo ready; exec sleep 60") with { Grace = TimeSpan.Zero });
        await ProcessBench.UntilLoggedAsync(run, "ready");
        var main = Assert.Single(Hosts.Bearing(run.Log.Path.Split('/')[^1]));
        Assert.Empty(Directory.GetFileSystemEntries(sandbox.Folder));
        Assert.DoesNotContain(Directory.GetFiles(sandbox.ScriptFolder), path => Path.GetFileName(path) != "a.sh");
        Assert.Equal(3, Directory.GetFiles($"/proc/{main}/fd").Length);
        run.End(EndCause.Cancelled);
        await run.Completion.WaitAsync(ProcessBench.Patience);
        GiveBack(sandbox);
    }

    [Fact]
    public void A_machine_may_lack_what_is_shown_of_it()
    {
        File.CreateSymbolicLink(_folder.Of("link"), _script);
        File.CreateSymbolicLink(_folder.Of("dangling"), _folder.Of("none"));
        Assert.Equal(_script, Bubblewrap.SourceOf(_folder.Of("link")));
        Assert.Equal(_script, Bubblewrap.SourceOf(_script));
        Assert.Null(Bubblewrap.SourceOf(_folder.Of("dangling")));
        Assert.Null(Bubblewrap.SourceOf(_folder.Of("none")));
    }

    private void Make(bool hasHolder = false)
    {
        var program = Programs.Need("bwrap");
        Skip.IfNot(hasHolder || ProcessHandle.TellsExits, "this kernel does not tell how another's child has ended");
        Bubblewrap.PrepareEtc(_folder.Of("etc"), []);
        var bubblewrap = new Bubblewrap(program, Libc.GetEUid() == 0, _folder.Of("etc"), [], []);
        _sandboxes = new Sandboxes(bubblewrap, _folders, _users, null, _groups, "/nonexistent", Most, hasHolder);
    }

    private ReadySandbox Take(SandboxShape? shape = null) => _sandboxes!.Take($"a@{_count++}", shape ?? Plain, _script, new ScriptLimits { OpenFiles = 64 });

    private List<int> Waiting() => Hosts.With(_folder.Of("work"));

    private Task<(int Code, string Log)> RunAsync(string script) => RunInAsync(Take(), script);

    private async Task<(int Code, string Log)> RunInAsync(ReadySandbox sandbox, string script)
    {
        var (exit, log) = await _bench.RunAsync(CommandOf(sandbox, script));
        GiveBack(sandbox);
        return (exit is ScriptExit.Exited { Code: var code } ? code : -Assert.IsType<ScriptExit.Signalled>(exit).Number, log);
    }

    private ScriptCommand CommandOf(ReadySandbox sandbox, string script)
    {
        var command = _bench.Command("/bin/sh", "-c", script);
        return command with
        {
            WorkingDirectory = sandbox.Folder,
            LogPath = Path.Combine(_bench.Folder, command.ExecutionId),
            Containment = new Containment { Sandbox = sandbox.Process, User = sandbox.User, Setpriv = SearchPath.Find("setpriv", "/usr/bin:/bin"), Group = sandbox.Group, Limits = new ScriptLimits { OpenFiles = 64 } },
        };
    }

    private void GiveBack(ReadySandbox sandbox)
    {
        _sandboxes!.TakeBack(sandbox);
        _folders.Discard(sandbox.Folder);
        _sandboxes.Release(sandbox);
    }
}

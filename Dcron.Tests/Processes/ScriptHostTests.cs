using System.Globalization;
using System.Text;
using Dcron.Grains.Processes;

namespace Dcron.Tests.Processes;

public sealed class ScriptHostTests : IAsyncLifetime
{
    private ProcessBench _bench = null!;

    public Task InitializeAsync()
    {
        _bench = new ProcessBench();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task Output_is_kept_and_the_status_is_told()
    {
        var (exit, log) = await _bench.RunAsync(_bench.Bash("echo hello; exit 3"));

        Assert.Equal(3, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Null(exit.Cause);
        Assert.Null(exit.Trouble);
        Assert.True(exit.MaxRssBytes > 100_000);
        Assert.True(exit.CpuTime > TimeSpan.Zero);
        Assert.Equal("hello\n", log);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(255)]
    public async Task Any_status_is_a_value(int status)
    {
        var (exit, _) = await _bench.RunAsync(_bench.Bash($"exit {status}"));

        Assert.Equal(status, Assert.IsType<ScriptExit.Exited>(exit).Code);
    }

    [Theory]
    [InlineData("KILL", 9)]
    [InlineData("SEGV", 11)]
    [InlineData("TERM", 15)]
    [InlineData("RTMIN+2", 36)]
    public async Task A_death_by_signal_is_told_by_name(string signal, int number)
    {
        var (exit, _) = await _bench.RunAsync(_bench.Bash("kill -$1 $$; sleep 60", signal));

        var signalled = Assert.IsType<ScriptExit.Signalled>(exit);
        Assert.Equal("SIG" + signal, signalled.Name);
        Assert.Equal(number, signalled.Number);
        Assert.Null(signalled.Cause);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_kept_as_they_are()
    {
        var (_, log) = await _bench.RunAsync(_bench.Bash(@"printf '\377\376\000\001 caf\351\n\200'"));

        Assert.Equal("\u00ff\u00fe\u0000\u0001 caf\u00e9\n\u0080", log);
    }

    [Fact]
    public async Task A_script_that_prints_nothing_has_an_empty_log()
    {
        var (exit, log) = await _bench.RunAsync(_bench.Bash("true"));

        Assert.Equal(0, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Empty(log);
    }

    [Fact]
    public async Task A_last_line_without_a_newline_is_kept()
    {
        var (_, log) = await _bench.RunAsync(_bench.Bash("printf 'no newline'"));

        Assert.Equal("no newline", log);
    }

    [Fact]
    public async Task Both_streams_keep_their_exact_order()
    {
        var (_, log) = await _bench.RunAsync(_bench.Bash("for i in {1..500}; do echo out $i; echo err $i >&2; done"));

        var expected = string.Concat(Enumerable.Range(1, 500).Select(i => string.Create(CultureInfo.InvariantCulture, $"out {i}\nerr {i}\n")));
        Assert.Equal(expected, log);
    }

    [Fact]
    public async Task A_script_that_closes_its_output_runs_on_until_it_exits()
    {
        var command = _bench.Bash("echo $$; exec >&- 2>&-; read line < go; touch done; exit 7");
        var fifo = Path.Combine(command.WorkingDirectory, "go");
        Posix.MakeFifo(fifo);
        var run = _bench.Start(command);
        await ProcessBench.UntilLoggedAsync(run, "\n");

        Assert.False(run.Completion.IsCompleted);
        await File.WriteAllTextAsync(fifo, "go\n"); // only now does it get on
        var exit = await run.Completion.WaitAsync(ProcessBench.Patience);

        Assert.Equal(7, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.True(File.Exists(Path.Combine(command.WorkingDirectory, "done")));
        run.Log.Dispose();
    }

    [Fact]
    public async Task Standard_input_is_empty()
    {
        var (_, log) = await _bench.RunAsync(_bench.Bash("cat; readlink /proc/$$/fd/0"));

        Assert.Equal("/dev/null\n", log);
    }

    [Fact]
    public async Task The_environment_is_exactly_what_was_given()
    {
        var command = _bench.Command("/usr/bin/env");
        command = command with
        {
            Environment = new Dictionary<string, string>
            {
                [ScriptCommand.ExecutionVariable] = command.ExecutionId,
                ["EMPTY"] = "",
                ["TEXT"] = "zwei Wörter = 2",
            },
        };

        var run = _bench.Start(command);
        await run.Completion.WaitAsync(ProcessBench.Patience);
        run.Log.Dispose();

        var lines = (await File.ReadAllLinesAsync(command.LogPath)).Order(StringComparer.Ordinal);
        Assert.Equal([$"DCRON_EXECUTION_ID={command.ExecutionId}", "EMPTY=", "TEXT=zwei Wörter = 2"], lines);
    }

    [Fact]
    public async Task Arguments_arrive_one_by_one()
    {
        var (_, log) = await _bench.RunAsync(_bench.Bash("printf '<%s>' \"$@\"", "a b", "", "*", "$HOME", "'\""));

        Assert.Equal("<a b><><*><$HOME><'\">", log);
    }

    [Fact]
    public async Task It_runs_in_its_working_folder()
    {
        var command = _bench.Command("/bin/pwd", "-P");
        var (_, log) = await _bench.RunAsync(command);

        Assert.Equal(command.WorkingDirectory + "\n", log);
    }

    [Fact]
    public async Task No_descriptor_of_the_node_gets_into_a_script()
    {
        using var leak = File.OpenHandle("/dev/null"); // O_CLOEXEC, as everything of .NET
        var inheritable = Posix.OpenInheritable("/dev/null"); // and one that some library forgot to mark
        try
        {
            var (_, log) = await _bench.RunAsync(_bench.Bash("for fd in {0..999}; do [ -e /proc/$$/fd/$fd ] && echo $fd; done"));
            Assert.Equal("0\n1\n2\n", log);
        }
        finally
        {
            Posix.Close(inheritable);
        }
    }

    [Fact]
    public async Task Signals_are_at_their_defaults_and_unblocked()
    {
        var (_, log) = await _bench.RunAsync(_bench.Command("/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"));

        Assert.Equal("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n", log);
    }

    [Fact]
    public async Task A_broken_pipe_ends_a_writer_as_everywhere()
    {
        // A node ignores SIGPIPE; a script that inherited that would see an error instead.
        var (_, log) = await _bench.RunAsync(_bench.Bash("yes | head -n 1; echo ${PIPESTATUS[0]}"));

        Assert.Equal("y\n141\n", log);
    }

    [Fact]
    public async Task It_leads_a_session_and_a_group_of_its_own()
    {
        var run = _bench.Start(_bench.Bash("read -r stat < /proc/self/stat; cut -d' ' -f5,6 /proc/$$/stat"));
        await run.Completion.WaitAsync(ProcessBench.Patience);

        var chunk = await run.Log.ReadAsync(0, 100, TimeSpan.Zero);
        Assert.Equal($"{run.Pid} {run.Pid}\n", Encoding.ASCII.GetString(chunk.Bytes));
        run.Log.Dispose();
    }

    [Fact]
    public void An_executable_that_is_not_there_is_an_answer() =>
        Assert.Equal("/no/such/program does not exist.", Failed(_bench.Command("/no/such/program")));

    [Fact]
    public void A_file_that_is_no_program_is_an_answer()
    {
        var path = Path.Combine(_bench.Folder, "text");
        File.WriteAllText(path, "text");
        Assert.Contains("may not be executed", Failed(_bench.Command(path)), StringComparison.Ordinal);

        Posix.WriteProgram(path, "text");
        Assert.Contains("is not a program for this machine", Failed(_bench.Command(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_interpreter_line_that_leads_nowhere_is_an_answer()
    {
        var path = Path.Combine(_bench.Folder, "broken");
        Posix.WriteProgram(path, "#!/no/such/interpreter\n");

        Assert.Contains("interpreter or loader that it names does not exist", Failed(_bench.Command(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_working_folder_that_is_not_there_is_an_answer() =>
        Assert.Equal("Its working folder /no/such/folder does not exist.", Failed(_bench.Bash("true") with { WorkingDirectory = "/no/such/folder" }));

    [Fact]
    public void Too_long_arguments_are_an_answer() =>
        Assert.Contains("larger than this machine allows", Failed(_bench.Bash("true", new string('x', 4 * 1024 * 1024))), StringComparison.Ordinal);

    [Fact]
    public void A_log_that_cannot_be_created_is_an_answer() =>
        Assert.Contains("The log could not be created", Failed(_bench.Bash("true") with { LogPath = "/no/such/folder/log" }), StringComparison.Ordinal);

    [Fact]
    public void A_nul_character_is_an_answer() => Assert.Contains("NUL", Failed(_bench.Bash("true", "a\0b")), StringComparison.Ordinal);

    [Fact]
    public async Task Two_hundred_at_a_time_all_end_and_each_has_its_own_log()
    {
        var commands = Enumerable.Range(0, 200).Select(i => _bench.Bash("echo $1; echo $1 >&2; exit $(($1 % 200))", i.ToString(CultureInfo.InvariantCulture))).ToList();

        var results = await Task.WhenAll(commands.Select(command => Task.Run(() => _bench.RunAsync(command))));

        for (var i = 0; i < results.Length; i++)
        {
            Assert.Equal(i, Assert.IsType<ScriptExit.Exited>(results[i].Exit).Code);
            Assert.Equal($"{i}\n{i}\n", results[i].Log);
        }

        Assert.Equal(0, _bench.Host.Running);
    }

    [Fact]
    public async Task A_thousand_runs_leak_no_descriptor()
    {
        await _bench.RunAsync(_bench.Command("/bin/true"));
        var before = PipesAndPidFds();
        for (var i = 0; i < 40; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => _bench.RunAsync(_bench.Command("/bin/true"))));
        }

        Assert.InRange(PipesAndPidFds(), 0, before + 500); // other tests of this process run meanwhile; a leak would be of 1,000 or more
    }

    private static int PipesAndPidFds() => Directory.EnumerateFiles("/proc/self/fd").Count();

    private string Failed(ScriptCommand command)
    {
        var failed = Assert.IsType<ScriptStart.Failed>(_bench.Host.Start(command));
        Assert.Equal(0, _bench.Host.Running);
        Assert.False(File.Exists(command.LogPath));
        return failed.Reason;
    }
}

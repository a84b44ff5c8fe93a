using System.Text;
using Dcron.Grains.Executions;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Jobs;
using Dcron.Grains.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dcron.Tests.Processes;

public sealed class InterpreterTests : IAsyncLifetime
{
    private ProcessBench _bench = null!;

    private string Prelude => Path.Combine(_bench.Folder, "prelude");

    public Task InitializeAsync()
    {
        _bench = new ProcessBench();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [SkippableTheory]
    [InlineData("python", "python3", "import sys; print(sys.version.split()[0])")]
    [InlineData("ruby", "ruby", "puts RUBY_VERSION")]
    public async Task Python_and_Ruby_are_found_with_their_versions(string name, string program, string script)
    {
        Programs.Need(program);
        var found = (await FindAsync()).Interpreters[name];

        var (exit, log) = await RunAsync(found, "version", script);

        Assert.Equal(0, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Equal(found.Version, log.Trim());
        Assert.True(Path.IsPathRooted(found.Path));
    }

    [SkippableTheory]
    [InlineData("python", "python3", "import sys, os\nprint(os.path.basename(sys.argv[0]), __name__, sys.argv[1:], os.path.basename(__file__))", "script __main__ ['a b', '', '*'] script\n")]
    [InlineData("ruby", "ruby", "puts File.basename($0), __FILE__ == $0, ARGV.inspect", "script\ntrue\n[\"a b\", \"\", \"*\"]\n")]
    public async Task A_script_sees_itself_and_its_arguments_as_usual(string name, string program, string script, string expected)
    {
        Programs.Need(program);
        var (_, log) = await RunAsync((await FindAsync()).Interpreters[name], "script", script, "a b", "", "*");

        Assert.Equal(expected, log);
    }

    [SkippableTheory]
    [InlineData("python", "python3", "import sys\nfor i in range(50):\n  sys.stdout.write(f'o{i} ')\n  sys.stderr.write(f'e{i} ')\n")]
    [InlineData("ruby", "ruby", "50.times { |i| $stdout.print(\"o#{i} \"); $stderr.print(\"e#{i} \") }")]
    public async Task Both_streams_keep_their_order_though_they_are_no_terminal(string name, string program, string script)
    {
        Programs.Need(program);
        var (_, log) = await RunAsync((await FindAsync()).Interpreters[name], "script", script);

        Assert.Equal(string.Concat(Enumerable.Range(0, 50).Select(i => $"o{i} e{i} ")), log);
    }

    [SkippableTheory]
    [InlineData("python", "python3", "import os, sys\nprint('now')\nos.read(os.open('go', os.O_RDONLY), 1)")]
    [InlineData("ruby", "ruby", "puts 'now'\nFile.open('go').read(1)")]
    public async Task Output_can_be_followed_while_the_script_runs(string name, string program, string script)
    {
        Programs.Need(program);
        var command = Command((await FindAsync()).Interpreters[name], "script", script);
        var go = Path.Combine(command.WorkingDirectory, "go");
        Posix.MakeFifo(go);
        var run = _bench.Start(command);

        Assert.Equal("now\n", await ProcessBench.UntilLoggedAsync(run, "\n"));
        Assert.False(run.Completion.IsCompleted);

        await File.WriteAllTextAsync(go, "x");
        await run.Completion.WaitAsync(ProcessBench.Patience);
        run.Log.Dispose();
    }

    [SkippableFact]
    public async Task A_shim_is_passed_by()
    {
        var python = Programs.Need("python3");
        var shims = Directory.CreateDirectory(Path.Combine(_bench.Folder, "shims")).FullName;
        Posix.WriteProgram(Path.Combine(shims, "python3"), $"#!/bin/sh\nexec {python} \"$@\"\n");

        var found = await InterpreterCatalog.FindAsync(Only("ruby", new() { Enabled = false }), Prelude, $"{shims}:/usr/bin:/bin", TimeProvider.System, NullLogger<InterpreterCatalog>.Instance);

        Assert.DoesNotContain("shims", found.Interpreters["python"].Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_other_interpreter_comes_by_configuration()
    {
        var catalog = await FindAsync(new Dictionary<string, InterpreterOptions>
        {
            ["bash"] = new(),
            ["loud"] = new() { Command = "/bin/bash", Arguments = ["-x", "--", "{script}", "fixed", "{args}"] },
            ["ruby"] = new() { Enabled = false },
            ["nonsense"] = new() { Command = "/no/such/program" },
            ["silent"] = new() { Command = "/bin/true" },
            ["failing"] = new() { Command = "/bin/false" },
        });

        Assert.Matches(@"^\d+\.\d+", catalog.Interpreters["bash"].Version);
        Assert.DoesNotContain("ruby", catalog.Interpreters.Keys);
        Assert.DoesNotContain("nonsense", catalog.Interpreters.Keys);
        Assert.DoesNotContain("failing", catalog.Interpreters.Keys);
        var (_, log) = await RunAsync(catalog.Interpreters["loud"], "script", "echo \"$#\" \"$1\" \"$2\"", "given");
        Assert.Equal("+ echo 2 fixed given\n2 fixed given\n", log);
    }

    [Fact]
    public async Task A_program_that_does_not_tell_its_version_in_time_is_left_out()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var slow = Path.Combine(_bench.Folder, "slow");
        Posix.WriteProgram(slow, "#!/bin/sh\nexec sleep 600\n");
        var search = InterpreterCatalog.FindAsync(
            new Dictionary<string, InterpreterOptions> { ["slow"] = new() { Command = slow }, ["python"] = new() { Enabled = false }, ["ruby"] = new() { Enabled = false } },
            Prelude, "/usr/bin:/bin", time, NullLogger<InterpreterCatalog>.Instance);

        while (!search.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        Assert.Empty((await search).Interpreters);
    }

    [Fact]
    public void A_script_finds_what_it_was_promised_and_nothing_of_the_node()
    {
        Assert.True(ExecutionId.TryParse("abc@20260329T010000Z.m3.a2", out var id));
        var launch = new ExecuteJob
        {
            ExecutionId = id,
            JobId = id.JobId,
            JobName = "nightly",
            JobVersion = 1,
            ScriptType = "python",
            ScriptLocation = "s3://a-bucket/a",
            Trigger = ExecutionTrigger.Manual,
            Env = new Dictionary<string, string> { ["GREETING"] = "hi", ["LANG"] = "de_DE.UTF-8", ["DCRON_JOB_ID"] = "forged" },
        };
        var python = new Interpreter("python", "/opt/python/bin/python3", "3.12", ["{script}"], new Dictionary<string, string> { ["PYTHONUNBUFFERED"] = "1" });

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["PATH"] = "/opt/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                ["HOME"] = "/w/x",
                ["TMPDIR"] = "/w/x",
                ["LANG"] = "de_DE.UTF-8",
                ["PYTHONUNBUFFERED"] = "1",
                ["GREETING"] = "hi",
                ["DCRON_JOB_ID"] = "abc",
                ["DCRON_JOB_NAME"] = "nightly",
                ["DCRON_EXECUTION_ID"] = "abc@20260329T010000Z.m3.a2",
                ["DCRON_FIRE_TIME"] = "2026-03-29T01:00:00Z",
                ["DCRON_ATTEMPT"] = "2",
            }.OrderBy(pair => pair.Key, StringComparer.Ordinal),
            ScriptEnvironment.Build(launch, python, "/w/x", "/w/x").OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    private static Dictionary<string, InterpreterOptions> Only(string name, InterpreterOptions options) => new() { [name] = options };

    private Task<InterpreterCatalog> FindAsync(Dictionary<string, InterpreterOptions>? configured = null) =>
        InterpreterCatalog.FindAsync(configured ?? [], Prelude, Environment.GetEnvironmentVariable("PATH")!, TimeProvider.System, NullLogger<InterpreterCatalog>.Instance);

    private ScriptCommand Command(Interpreter interpreter, string fileName, string script, params string[] args)
    {
        var command = _bench.Bash("");
        var path = Path.Combine(command.WorkingDirectory, fileName);
        File.WriteAllText(path, script, new UTF8Encoding(false));
        var environment = new Dictionary<string, string>(interpreter.Environment) { [ScriptCommand.ExecutionVariable] = command.ExecutionId, ["LANG"] = "C.UTF-8" };
        return command with { Executable = interpreter.Path, Arguments = interpreter.BuildArguments(path, args), Environment = environment };
    }

    private Task<(ScriptExit Exit, string Log)> RunAsync(Interpreter interpreter, string fileName, string script, params string[] args) =>
        _bench.RunAsync(Command(interpreter, fileName, script, args));
}

using Dcron.Grains.Containing;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Containing;

namespace Dcron.Tests.Security;

public sealed class ContainedLaunchTests
{
    private static readonly Containment User = new() { User = new ScriptUser(1001, 1002), Setpriv = "/usr/bin/setpriv" };

    [Fact]
    public void Without_a_sandbox_a_shell_waits_at_the_hatch_and_becomes_the_script()
    {
        var (executable, arguments, _) = ContainedLaunch.Of(Command(), User);
        Assert.Equal("/bin/sh", executable);
        Assert.DoesNotContain("kill", arguments[1], StringComparison.Ordinal);
        Assert.Equal(["--reuid=1001", "--regid=1002", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "/usr/bin/python3", "a.py", "x"], arguments.Skip(4));
    }

    [Fact]
    public void In_a_sandbox_a_shell_waits_before_there_is_a_script()
    {
        Assert.Equal(["/usr/bin/bwrap", "--unshare-pid", "--", "/bin/sh", "-c"], ContainedLaunch.Waiting(["/usr/bin/bwrap", "--unshare-pid"], hasHolder: false).Take(5));
        Assert.EndsWith(
            "exec '/usr/bin/setpriv' '--reuid=1001' '--regid=1002' '--clear-groups' '--no-new-privs' '--inh-caps=-all' '--bounding-set=-all' '/usr/bin/python3' 'a.py' 'x'\n",
            ContainedLaunch.Letter(Command(), User), StringComparison.Ordinal);
    }

    [Fact]
    public void A_letter_says_where_standard_error_goes()
    {
        Assert.StartsWith("exec 3>&- 4>&- 5>&-\n", ContainedLaunch.Letter(Command(), User), StringComparison.Ordinal);
        Assert.StartsWith("exec 2>&5 3>&- 4>&- 5>&-\n", ContainedLaunch.Letter(Command() with { MarksErrors = true }, User), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("/bin/sh")]
    [InlineData("/bin/bash")]
    public async Task Whatever_a_script_is_given_arrives_as_it_is(string shell)
    {
        string[] texts = ["", " ", "it's", "'", "''\\''", "a\nb\n", "$HOME `id` \"$(id)\"", "\\n\\", "*", "~", "-e", "äöü 😀 \u0081\u0088", "\u007f\t\r", new string('x', 100_000)];
        var variables = texts.Select((text, i) => ($"V{i}", text)).Concat(
            [("my.var", "dotted"), ("2nd", "digit"), ("IFS", "x"), ("OPTIND", "no number"), ("PPID", "1"), ("UID", "7"), ("LC_ALL", "nowhere"), ("LD_PRELOAD", ""), ("PS4", "$(id)"), ("PATH", "/nowhere"), ("a-b", "=")]);
        var command = Command([.. variables]) with { Executable = await PythonAsync(), Arguments = ["-c", "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))", .. texts] };
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Of("letter"), ContainedLaunch.Letter(command, new Containment()));
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(shell, ["-c", "exec 3</dev/null 4</dev/null 5</dev/null; . \"$0\"", folder.Of("letter")]) { RedirectStandardOutput = true, Environment = { ["HOME"] = "/" } })!;
        var said = System.Text.Json.Nodes.JsonNode.Parse(await process.StandardOutput.ReadToEndAsync())!;
        Assert.Equal(texts, said[0]!.AsArray().Select(text => (string)text!));
        Assert.All(command.Environment, pair => Assert.Equal(pair.Value, (string?)said[1]![pair.Key]));
    }

    [Theory]
    [InlineData("LD_PRELOAD")]
    [InlineData("LD_LIBRARY_PATH")]
    [InlineData("GLIBC_TUNABLES")]
    [InlineData("GCONV_PATH")]
    [InlineData("BASH_ENV")]
    [InlineData("ENV")]
    public void A_variable_that_would_turn_the_programs_before_the_script_comes_after_them(string name)
    {
        var (_, arguments, environment) = ContainedLaunch.Of(Command((name, "/script/evil.so"), ("LEVEL", "9")), User);
        Assert.DoesNotContain(name, environment.Keys);
        Assert.Equal("9", environment["LEVEL"]);
        Assert.Equal(["/usr/bin/env", $"{name}=/script/evil.so", "/usr/bin/python3", "a.py", "x"], arguments.TakeLast(5));

        var letter = ContainedLaunch.Letter(Command((name, "/script/evil.so"), ("LEVEL", "9")), User);
        Assert.DoesNotContain($"export {name}", letter, StringComparison.Ordinal);
        Assert.Contains("export LEVEL='9'\n", letter, StringComparison.Ordinal);
        Assert.EndsWith($" '/usr/bin/env' '{name}=/script/evil.so' '/usr/bin/python3' 'a.py' 'x'\n", letter, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("         0          0 4294967295\n", 1_879_100_000)]
    [InlineData("         0     100000      65536\n", 45_536)]
    [InlineData("         0       1000          1\n         1     100000      65536\n", 45_537)]
    public void Users_come_from_a_part_that_this_user_namespace_has(string map, uint first) => Assert.Equal(first, UserPool.FirstIn(map));

    [Fact]
    public void A_user_namespace_with_too_few_users_is_told() => Assert.Throws<IOException>(() => UserPool.FirstIn("0 1000 1\n"));

    [Fact]
    public void A_limit_that_ended_a_script_is_named()
    {
        var containment = new Containment { Limits = new ScriptLimits { MemoryBytes = 1000, CpuSeconds = 2, FileSizeBytes = 7, Processes = 5 } };
        Assert.Contains("1000 bytes", LimitReached.InWords(9, containment, TimeSpan.Zero, new GroupUse(default, 0, 1, 0)), StringComparison.Ordinal);
        Assert.Contains("2 s", LimitReached.InWords(24, containment, TimeSpan.FromSeconds(2), null), StringComparison.Ordinal);
        Assert.Contains("2 s", LimitReached.InWords(9, containment, TimeSpan.FromSeconds(4), null), StringComparison.Ordinal);
        Assert.Contains("7 bytes", LimitReached.InWords(25, containment, TimeSpan.Zero, null), StringComparison.Ordinal);
        Assert.Contains("5 processes", LimitReached.InWords(0, containment, TimeSpan.Zero, new GroupUse(default, 0, 0, 3)), StringComparison.Ordinal);
        Assert.Null(LimitReached.InWords(9, containment, TimeSpan.FromSeconds(1), new GroupUse()));
    }

    // The program itself: what stands for it in PATH may be a script, which a given PATH would break.
    private static async Task<string> PythonAsync()
    {
        using var asked = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            Processes.Programs.Need("python3"), ["-c", "import sys; print(sys.executable)"]) { RedirectStandardOutput = true })!;
        return (await asked.StandardOutput.ReadToEndAsync()).Trim();
    }

    private static ScriptCommand Command(params (string Name, string Value)[] variables) => new()
    {
        ExecutionId = "a@1",
        Executable = "/usr/bin/python3",
        Arguments = ["a.py", "x"],
        Environment = variables.ToDictionary(variable => variable.Name, variable => variable.Value),
        WorkingDirectory = "/",
        LogPath = "/nonexistent",
    };
}

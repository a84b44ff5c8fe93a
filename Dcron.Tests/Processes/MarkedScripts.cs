using System.Text;
using Dcron.Grains.Processes;
using Dcron.Grains.Secrets;

namespace Dcron.Tests.Processes;

/// <summary>Scripts whose standard error is marked, and what their logs have to hold; in a sandbox and outside the same.</summary>
internal static class MarkedScripts
{
    public static readonly IReadOnlyList<(string Script, int Code, Action<string> Check)> All =
    [
        ("printf 'a\\nb\\n\\nc' >&2", 0, log => Assert.Equal("\e[31ma\e[39m\n\e[31mb\e[39m\n\n\e[31mc\e[39m", log)),
        ("printf '\\377\\342\\202' >&2; exit 2", 2, log => Assert.Equal("\e[31m\u00ff\u00e2\u0082\e[39m", log)),
        ("echo before >&2; exec 2>&-; echo after; exit 3", 3, log => Assert.Equal(["\e[31mbefore\e[39m", "after"], Lines(log).Order(StringComparer.Ordinal))),
        ("exec >&-; echo alone >&2; exit 5", 5, log => Assert.Equal("\e[31malone\e[39m\n", log)),
        ("sleep 1000 > /dev/null & echo held open >&2; exit 4", 4, log => Assert.Equal("\e[31mheld open\e[39m\n", log)),
        ("head -c 500000 /dev/zero | tr '\\0' x >&2; seq 20000", 0, log =>
        {
            Assert.Equal(500_000, log.Count(letter => letter == 'x'));
            Assert.Equal(Enumerable.Range(1, 20_000).Select(number => $"{number}"), Lines(System.Text.RegularExpressions.Regex.Replace(log, "\e\\[31m.*?\e\\[39m", "")));
        }),
        ("ls /proc/self/fd | tr '\\n' ' '", 0, log => Assert.Equal("0 1 2 3 ", log)), // the last is that of ls itself
        ("nosuchprogram", 127, log => Assert.StartsWith("\e[31m", log, StringComparison.Ordinal)),
    ];

    /// <summary>A secret that standard error brings in two pieces, and standard output in between.</summary>
    public static async Task SplitASecretAsync(ProcessBench bench, Func<string, ScriptCommand> commandOf)
    {
        var command = commandOf(
            "printf pass >&2; echo one; until [ -e first ]; do sleep 0.01; done; echo two; until [ -e second ]; do sleep 0.01; done; echo 'word!' >&2")
            with { MarksErrors = true, Secrets = new SecretMatcher(["password"u8.ToArray()]) };
        Assert.Equal("one\ntwo\n\e[31m***!\e[39m\n", await StepAsync(bench, command, "one", "two"));
    }

    /// <summary>Half a line by one stream, a piece by the other, the rest by the first.</summary>
    public static async Task BreakALineAsync(ProcessBench bench, Func<string, ScriptCommand> commandOf)
    {
        var command = commandOf("printf half; until [ -e first ]; do sleep 0.01; done; printf piece >&2; until [ -e second ]; do sleep 0.01; done; echo rest") with { MarksErrors = true };
        Assert.Equal("half\e[31mpiece\e[39mrest\n", await StepAsync(bench, command, "half", "piece"));
    }

    // The script waits for files, which are there as soon as the log holds what was printed before.
    private static async Task<string> StepAsync(ProcessBench bench, ScriptCommand command, string first, string second)
    {
        var run = bench.Start(command);
        await ProcessBench.UntilLoggedAsync(run, first);
        await File.WriteAllTextAsync(Path.Combine(command.WorkingDirectory, "first"), "");
        await ProcessBench.UntilLoggedAsync(run, second);
        await File.WriteAllTextAsync(Path.Combine(command.WorkingDirectory, "second"), "");
        Assert.Equal(0, Assert.IsType<ScriptExit.Exited>(await run.Completion.WaitAsync(ProcessBench.Patience)).Code);
        run.Log.Dispose();
        return Encoding.Latin1.GetString(await File.ReadAllBytesAsync(command.LogPath));
    }

    private static string[] Lines(string log) => log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

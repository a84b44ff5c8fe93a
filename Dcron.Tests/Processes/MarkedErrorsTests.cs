using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Native;
using Dcron.Grains.Secrets;

namespace Dcron.Tests.Processes;

/// <summary>Standard error that comes by a pipe of its own, and its marks in the log. See <see cref="Security.SandboxesTests"/> for the same in a sandbox.</summary>
public sealed class MarkedErrorsTests : IAsyncLifetime
{
    private const string Begin = "\e[31m";
    private const string End = "\e[39m";

    private readonly TempFolder _folder = new();
    private ProcessBench _bench = null!;
    private int _count;

    public Task InitializeAsync()
    {
        _bench = new ProcessBench();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _bench.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_comes_by_stderr_is_marked_line_by_line()
    {
        foreach (var (script, code, check) in MarkedScripts.All)
        {
            var (exit, log) = await _bench.RunAsync(_bench.Bash(script) with { MarksErrors = true });
            Assert.Equal(code, Assert.IsType<ScriptExit.Exited>(exit).Code);
            Assert.Null(exit.Trouble);
            check(log);
        }
    }

    [Fact]
    public async Task A_secret_that_stderr_brings_in_pieces_does_not_come_through() => await MarkedScripts.SplitASecretAsync(_bench, script => _bench.Bash(script));

    [Fact]
    public async Task Bytes_stand_in_the_order_in_which_they_were_read() => await MarkedScripts.BreakALineAsync(_bench, script => _bench.Bash(script));

    [Fact]
    public async Task Unless_a_job_wants_marks_the_log_is_what_was_written_in_its_order()
    {
        var (_, log) = await _bench.RunAsync(_bench.Bash("for i in 1 2 3; do echo out $i; echo err $i >&2; done"));
        Assert.Equal("out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n", log);
    }

    [Fact]
    public void Each_line_is_right_by_itself_and_without_its_marks_the_log_is_what_came() =>
        Gen.Select(Gen.Bool, Gen.String[Gen.OneOfConst('a', 'b', '\n', '\r'), 0, 6]).List[0, 12].Sample(pieces =>
        {
            using var log = Create();
            Append(log, pieces);
            log.Complete();
            var text = Text(log);
            Assert.Equal(string.Concat(pieces.Select(piece => piece.Item2)), Unmarked(text));
            AssertEachLineIsWhole(text);
            var marked = string.Concat(Regex.Matches(text, "\e\\[31m([^\e]+)\e\\[39m").Select(match => match.Groups[1].Value));
            Assert.Equal(string.Concat(pieces.Where(piece => piece.Item1).Select(piece => piece.Item2)).Replace("\n", "", StringComparison.Ordinal), marked);
        });

    [Fact]
    public void A_character_in_two_pieces_stays_in_one()
    {
        using var log = Create();
        log.AppendErrors([0xe2, 0x82]);
        log.AppendErrors([0xac]);
        log.Append("!"u8);
        log.Complete();
        Assert.Equal($"{Begin}€{End}!", File.ReadAllText(log.Path));
    }

    [Fact]
    public void The_limit_counts_the_marks_and_never_leaves_one_open()
    {
        const string said = "one\ntwoxthree\n";
        for (var limit = 0; limit < 60; limit++)
        {
            using var log = Create(limit);
            log.AppendErrors("one\ntwo"u8);
            log.Append("x"u8);
            log.AppendErrors("three\n"u8);
            log.Complete();
            var text = Text(log);
            var at = text.IndexOf("[dcron: the log was cut here at ", StringComparison.Ordinal);
            var kept = at < 0 ? text : text[..at];
            AssertEachLineIsWhole(text);
            Assert.InRange(kept.TrimEnd('\n').Length, 0, limit);
            Assert.StartsWith(at < 0 ? said : Unmarked(kept).TrimEnd('\n'), said, StringComparison.Ordinal);
            Assert.Equal(at >= 0, log.Discarded > 0);
            Assert.InRange(Unmarked(kept).Length + log.Discarded - said.Length, 0, at < 0 ? 0 : 1); // a line break before the marker may be dcron's own
            Assert.Equal(at >= 0, text.EndsWith($"; {log.Discarded} more bytes were discarded]\n", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_line_of_dcrons_own_is_not_marked()
    {
        using var log = Create();
        log.AppendErrors("half"u8);
        log.AppendMarker("[dcron: ended]");
        log.Complete();
        Assert.Equal($"{Begin}half{End}\n[dcron: ended]\n", Text(log));
    }

    [Fact]
    public void What_was_held_back_on_both_streams_comes_at_the_end_in_its_order()
    {
        foreach (var errorsFirst in (bool[])[false, true])
        {
            using var log = Create(secrets: new SecretMatcher(["password"u8.ToArray()]));
            Append(log, errorsFirst ? [(true, "pass"), (false, "pa")] : [(false, "pa"), (true, "pass")]);
            log.Complete();
            Assert.Equal(errorsFirst ? $"{Begin}pass{End}pa" : $"pa{Begin}pass{End}", Text(log));
        }
    }

    private static void Append(SpooledLog log, IEnumerable<(bool IsError, string Text)> pieces)
    {
        foreach (var (isError, text) in pieces)
        {
            if (isError)
            {
                log.AppendErrors(Encoding.Latin1.GetBytes(text));
            }
            else
            {
                log.Append(Encoding.Latin1.GetBytes(text));
            }
        }
    }

    private static void AssertEachLineIsWhole(string text) =>
        Assert.All(text.Split('\n'), line => Assert.Matches("^([^\e]|\e\\[31m[^\e]+\e\\[39m)*$", line));

    private static string Unmarked(string text) => text.Replace(Begin, "", StringComparison.Ordinal).Replace(End, "", StringComparison.Ordinal);

    private static string Text(SpooledLog log) => Encoding.Latin1.GetString(File.ReadAllBytes(log.Path));

    private SpooledLog Create(long limit = 1_000_000, SecretMatcher? secrets = null)
    {
        Assert.Equal(Errno.None, SpooledLog.Create(_folder.Of($"log{Interlocked.Increment(ref _count)}"), limit, TimeProvider.System, out var log, secrets));
        return log!;
    }
}

using System.Net;
using System.Text;

namespace Dcron.Tests.Cli;

public class LogsTests
{
    private const string Id = "01k9nightly000000000";
    private const string Execution = $"{Id}@20260329T010000Z";
    private const string Path = $"GET executions/{Id}%4020260329T010000Z/log";
    private const string Follow = Path + "?follow=true";
    private const string End = """
        event: end
        id: 0
        data: {"execution_result":"succeeded"}


        """;

    [Fact]
    public async Task A_log_is_shown_as_it_is()
    {
        var run = await CliRun.Of(new FakeServer().On(Path, () => Bytes("a\x1b[2Jb"u8.ToArray())), "logs", Execution);

        Assert.Equal((0, "a\x1b[2Jb"), (run.Code, run.Out));
    }

    [Fact]
    public async Task A_link_is_printed_instead_of_the_log()
    {
        var server = new FakeServer().On(Path + "/link", 200, """{"url":"https://s3.test/x?X-Amz-Signature=1&y=2","method":"GET","expires_at":"2026-03-29T01:15:00Z"}""");

        Assert.Equal((0, "https://s3.test/x?X-Amz-Signature=1&y=2\n"), (await CliRun.Of(server, "logs", Execution, "--link")) is var run ? (run.Code, run.Out) : default);
        Assert.Equal(2, (await CliRun.Of(new FakeServer(), "logs", Execution, "--link", "--follow")).Code);
    }

    [Fact]
    public async Task A_terminal_gets_its_colours_and_nothing_that_steers_it()
    {
        var server = new FakeServer().On(Path, () => Bytes("\x1b[31ma\x1b[2Jb\n"u8.ToArray()));

        var filtered = await CliRun.Of(server, new CliRun.Options { Terminal = true }, "logs", Execution);
        var raw = await CliRun.Of(server, new CliRun.Options { Terminal = true }, "logs", Execution, "--raw");

        Assert.Equal("\x1b[31mab\n\x1b[0m", filtered.Out);
        Assert.Equal("\x1b[31ma\x1b[2Jb\n", raw.Out);
    }

    [Fact]
    public async Task A_log_that_breaks_off_is_taken_up_where_it_did()
    {
        var server = new FakeServer()
            .On(Path, () => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream("first "u8.ToArray())) })
            .On(Path, () => Bytes("second"u8.ToArray(), HttpStatusCode.PartialContent));

        var run = await CliRun.Of(server, "logs", Execution);

        Assert.Equal((0, "first second"), (run.Code, run.Out));
        Assert.Equal("bytes=6-", server.Calls[1].Headers["Range"]);
    }

    [Fact]
    public async Task Following_takes_up_after_the_last_event_and_shows_nothing_twice()
    {
        var server = new FakeServer()
            .On(Follow, () => Events("""
                : dcron log

                event: log
                id: 4
                data: {"offset":0,"text":"one\n"}

                event: log
                id: 9
                data: {"offset":4,"text":"cut
                """))
            .On(Follow, () => Events("""
                event: log
                id: 8
                data: {"offset":4,"text":"two\n"}


                """ + End));

        var run = await CliRun.Of(server, "logs", Execution, "--follow");

        Assert.Equal((0, "one\ntwo\n"), (run.Code, run.Out));
        Assert.False(server.Calls[0].Headers.ContainsKey("Last-Event-ID"));
        Assert.Equal("4", server.Calls[1].Headers["Last-Event-ID"]);
    }

    [Fact]
    public async Task Bytes_that_an_event_cannot_carry_are_fetched_as_they_are()
    {
        var server = new FakeServer()
            .On(Follow, () => Events("""
                event: log
                id: 3
                data: {"offset":0,"text":"a�b"}


                """ + End))
            .On(Path, () => Bytes([(byte)'a', 0xff, (byte)'b'], HttpStatusCode.PartialContent));
        using var output = new MemoryStream();
        var shell = new Dcron.Cli.Shell
        {
            Input = Stream.Null, Output = output, Error = TextWriter.Null, OutputIsTerminal = false, ErrorIsTerminal = false, Variable = _ => null,
            Network = server, Time = new SkippingTime(),
        };

        Assert.Equal(0, await new Dcron.Cli.Commands.CommandTree(shell).InvokeAsync(["logs", Execution, "--follow"]));

        Assert.Equal([(byte)'a', 0xff, (byte)'b'], output.ToArray());
        Assert.Equal("bytes=0-2", server.Calls[1].Headers["Range"]);
    }

    [Fact]
    public async Task A_stream_that_never_gets_on_is_given_up()
    {
        var server = new FakeServer().On(Follow, () => Events(": dcron log\n\n"));

        var run = await CliRun.Of(server, "logs", Execution, "--follow");

        Assert.Equal(3, run.Code);
        Assert.Contains("breaks off again and again", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_means_its_latest_execution_that_ran()
    {
        var server = new FakeServer()
            .On("GET jobs?limit=500&name=nightly", 200, $$"""[{"job_id":"{{Id}}","name":"nightly"}]""")
            .On($"GET jobs/{Id}/executions?limit=50", 200, $$"""
                [{"execution_id":"{{Id}}@20260329T030000Z","execution_result":"queued"},
                 {"execution_id":"{{Id}}@20260329T020000Z","execution_result":"skipped"},
                 {"execution_id":"{{Execution}}","execution_result":"failed","started_at":"2026-03-29T01:00:00Z"}]
                """)
            .On(Path, () => Bytes("latest\n"u8.ToArray()));

        Assert.Equal("latest\n", (await CliRun.Of(server, "logs", "nightly")).Out);
    }

    [Fact]
    public async Task Where_nothing_ran_the_way_on_is_named()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, "{}").On($"GET jobs/{Id}/executions?limit=50", 200, "[]");

        var run = await CliRun.Of(server, "logs", Id);

        Assert.Equal(1, run.Code);
        Assert.Contains($"'dcron executions {Id}' shows what became of its fire times.", run.Error, StringComparison.Ordinal);
    }

    private static HttpResponseMessage Bytes(byte[] bytes, HttpStatusCode status = HttpStatusCode.OK) => new(status) { Content = new ByteArrayContent(bytes) };

    private static HttpResponseMessage Events(string text) => new(HttpStatusCode.OK) { Content = new StringContent(text.ReplaceLineEndings("\n"), Encoding.UTF8, "text/event-stream") };

    /// <summary>Gives its bytes, then breaks off.</summary>
    private sealed class BreakingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? base.ReadAsync(buffer, cancellationToken) : throw new IOException("The connection was reset.");
    }
}

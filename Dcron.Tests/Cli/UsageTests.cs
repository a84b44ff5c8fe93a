namespace Dcron.Tests.Cli;

/// <summary>What makes no sense is refused before anything is sent, with exit code 2 and a way out.</summary>
public class UsageTests
{
    [Theory]
    [InlineData("Unrecognized command or argument 'jbo'.", "jbo")]
    [InlineData("Option '--time' is required.", "job", "create", "x.py")]
    [InlineData("--timeout: '5x' is not understood", "job", "create", "--time", "@daily", "--timeout", "5x", "x.py")]
    [InlineData("--env: 'LEVEL' must have the form KEY=VALUE.", "job", "create", "--time", "@daily", "--env", "LEVEL", "x.py")]
    [InlineData("--env: 'A' is given twice.", "job", "create", "--time", "@daily", "--env", "A=1", "--env", "A=2", "x.py")]
    [InlineData("--starts-at: '2026-03-29T01:00:00' is not understood", "job", "create", "--time", "@daily", "--starts-at", "2026-03-29T01:00:00", "x.py")]
    [InlineData("There is no file 'no-such-file.py'.", "job", "create", "--time", "@daily", "no-such-file.py")]
    [InlineData("Which script?", "job", "create", "--time", "@daily")]
    [InlineData("not both", "job", "create", "--time", "@daily", "--script-location", "s3://a/b.py", "x.py")]
    [InlineData("does not tell the interpreter; say it with --type", "job", "create", "--time", "@daily", "--script-location", "s3://a/b")]
    [InlineData("--limit: '0' is not understood", "job", "list", "--limit", "0")]
    [InlineData("leave no job over", "job", "list", "--enabled", "--disabled")]
    [InlineData("has no use for what follows '--'", "job", "list", "--", "x")]
    [InlineData("Must be one of: 'merged' 'marked'", "job", "update", "nightly", "--stderr", "blue")]
    [InlineData("Argument 'sleeping' not recognized", "executions", "--result", "sleeping")]
    [InlineData("Option '--role' is required.", "key", "create", "me")]
    [InlineData("is not a server's address", "workers", "--server", "ftp://x")]
    public async Task A_slip_is_told_and_nothing_is_sent(string told, params string[] args)
    {
        var server = new FakeServer();
        var run = await CliRun.Of(server, args);

        Assert.Equal(2, run.Code);
        Assert.Contains(told, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
        Assert.Empty(server.Calls);
    }

    [Theory]
    [InlineData()]
    [InlineData("job")]
    [InlineData("key")]
    public async Task A_noun_alone_shows_its_help_and_is_still_a_misuse(params string[] args)
    {
        var run = await CliRun.Of(new FakeServer(), args);

        Assert.Equal(2, run.Code);
        Assert.Contains("Commands:", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_ends_with_examples_in_both_its_forms()
    {
        var option = await CliRun.Of(new FakeServer(), "job", "create", "--help");
        var command = await CliRun.Of(new FakeServer(), "help", "job", "create");

        Assert.Equal(0, option.Code);
        Assert.Contains("Examples:\n  dcron job create --time '*/5 * * * *' backup.py", option.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(option.Out, command.Out);
    }

    [Fact]
    public async Task The_version_is_told() => Assert.Matches(@"^\d+\.\d+\.\d+", (await CliRun.Of(new FakeServer(), "--version")).Out);

    [Fact]
    public async Task A_schedule_that_begins_with_an_at_sign_is_no_response_file()
    {
        var server = new FakeServer().On("GET schedule/preview?time=%40daily&count=5", 200, """{"description":"every day at midnight","fire_times":["2026-03-30T00:00:00Z"]}""");

        var run = await CliRun.Of(server, "preview", "@daily");

        Assert.Equal("every day at midnight\n  2026-03-30 00:00:00Z\n", run.Out);
    }
}

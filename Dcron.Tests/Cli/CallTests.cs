using System.Net;

namespace Dcron.Tests.Cli;

/// <summary>How calls are made: where to, with which key, and how often.</summary>
public class CallTests
{
    private const string Workers = "GET workers";

    [Fact]
    public async Task A_server_that_comes_back_is_waited_for()
    {
        var time = new SkippingTime();
        var server = new FakeServer().BreaksOff(Workers).BreaksOff(Workers).On(Workers, 200, "[]");

        var run = await CliRun.Of(server, new CliRun.Options { Time = time }, "workers", "--json");

        Assert.Equal((0, "[]\n"), (run.Code, run.Out));
        Assert.Contains("does not answer (Connection refused); trying for 10 s.", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, time.Waits.Count);
    }

    [Fact]
    public async Task A_server_that_stays_away_is_exit_code_3_after_the_time_that_was_granted()
    {
        var time = new SkippingTime();
        var began = time.GetUtcNow();

        var run = await CliRun.Of(new FakeServer().BreaksOff(Workers), new CliRun.Options { Time = time }, "workers", "--retry-for", "5s");

        Assert.Equal(3, run.Code);
        Assert.Contains("http://127.0.0.1:5080 is out of reach: Connection refused.", run.Error, StringComparison.Ordinal);
        Assert.InRange(time.GetUtcNow() - began, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_busy_server_says_when_to_come_back()
    {
        var time = new SkippingTime();
        var server = new FakeServer().On(Workers, 503, "{}", ("Retry-After", "2")).On(Workers, 200, "[]");

        var run = await CliRun.Of(server, new CliRun.Options { Time = time }, "workers", "--json");

        Assert.Equal(0, run.Code);
        Assert.Equal([TimeSpan.FromSeconds(2)], time.Waits);
    }

    [Fact]
    public async Task Whoever_asks_for_more_patience_than_there_is_gets_the_refusal_at_once()
    {
        var time = new SkippingTime();
        var server = new FakeServer().On(Workers, 503, """{"title":"Out of reach for now"}""", ("Retry-After", "60"));

        var run = await CliRun.Of(server, new CliRun.Options { Time = time }, "workers");

        Assert.Equal((1, "dcron: Out of reach for now\n"), (run.Code, run.Error.ReplaceLineEndings("\n")));
        Assert.Empty(time.Waits);
    }

    [Fact]
    public async Task A_repeated_post_bears_the_key_of_the_first()
    {
        const string target = "POST executions/j%4020260329T010000Z/cancel";
        var server = new FakeServer().BreaksOff(target).On(target, 503, "{}").On(target, 202, "{}");

        var run = await CliRun.Of(server, "cancel", "j@20260329T010000Z");

        Assert.Equal(0, run.Code);
        Assert.Equal(3, server.Calls.Count);
        Assert.NotEmpty(server.Calls[0].Headers["Idempotency-Key"]);
        Assert.Single(server.Calls.Select(c => c.Headers["Idempotency-Key"]).Distinct());
    }

    [Fact]
    public async Task A_conflict_that_will_pass_is_waited_for_and_another_is_not()
    {
        const string target = "POST executions/j%4020260329T010000Z/cancel";
        var passing = new FakeServer().On(target, 409, "{}", ("Retry-After", "1")).On(target, 202, "{}");
        var lasting = new FakeServer().On(target, 409, """{"detail":"There is nothing left to cancel."}""");

        Assert.Equal(0, (await CliRun.Of(passing, "cancel", "j@20260329T010000Z")).Code);
        var run = await CliRun.Of(lasting, "cancel", "j@20260329T010000Z");

        Assert.Equal((1, "dcron: There is nothing left to cancel.\n"), (run.Code, run.Error.ReplaceLineEndings("\n")));
        Assert.Single(lasting.Calls);
    }

    [Fact]
    public async Task The_environment_names_server_and_key_and_options_win()
    {
        var server = new FakeServer().On(Workers, 200, "[]");
        var environment = new CliRun.Options { Variables = new Dictionary<string, string> { ["DCRON_KEY"] = "dcron_from_env", ["DCRON_SERVER"] = "example.org:99" } };

        await CliRun.Of(server, environment, "workers", "--json");
        await CliRun.Of(server, environment, "workers", "--json", "--key", "dcron_given");

        Assert.Equal("Bearer dcron_from_env", server.Calls[0].Headers["Authorization"]);
        Assert.Equal("Bearer dcron_given", server.Calls[1].Headers["Authorization"]);
    }

    [Fact]
    public async Task A_redirect_is_told_and_not_followed_with_the_key()
    {
        var server = new FakeServer().On(Workers, () => new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("https://elsewhere.example/") } });

        var run = await CliRun.Of(server, "workers", "--key", "dcron_secret");

        Assert.Equal(1, run.Code);
        Assert.Contains("sends us on to https://elsewhere.example/", run.Error, StringComparison.Ordinal);
        Assert.Single(server.Calls);
    }

    [Fact]
    public async Task An_answer_that_is_not_this_api_is_told_as_such()
    {
        var run = await CliRun.Of(new FakeServer().On(Workers, 200, "<html></html>"), "workers");

        Assert.Equal(1, run.Code);
        Assert.Contains("not as a dcron server", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_machines_a_refusal_is_the_servers_own_json_on_stderr()
    {
        const string problem = """{"title":"Not found","status":404}""";

        var run = await CliRun.Of(new FakeServer().On("GET executions/j%4020260329T010000Z", 404, problem), "executions", "j@20260329T010000Z", "--json");

        Assert.Equal((1, "", problem), (run.Code, run.Out, run.Error.TrimEnd()));
    }
}

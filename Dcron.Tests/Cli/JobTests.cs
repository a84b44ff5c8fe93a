using System.Text.Json;

namespace Dcron.Tests.Cli;

public class JobTests
{
    private const string Id = "01k9nightly000000000";
    private const string Job = $$"""{"job_id":"{{Id}}","name":"nightly","time":"0 2 * * *","script_type":"python","script_location":"s3://dcron/scripts/x.py","enabled":true,"next_fire_times":["2026-03-30T02:00:00Z"]}""";

    [Fact]
    public async Task A_job_is_created_from_a_file_with_its_type_guessed_and_its_args_untouched()
    {
        using var folder = new TempFolder();
        var script = folder.Of("backup.py");
        await File.WriteAllTextAsync(script, "print('hi')");
        var server = new FakeServer()
            .On("POST scripts?name=backup.py", 201, """{"script_location":"s3://dcron/scripts/x.py","sha256":"00","size":11}""")
            .On("POST jobs", 201, Job);

        var run = await CliRun.Of(server, "job", "create", "--time", "0 2 * * *", "--name", "nightly", "--timezone", "Europe/Lisbon", "--env", "A=1", "--env", "B=x=y",
            "--timeout", "5m", "--label", "team=data", "--selector", "gpu=yes", "--starts-at", "2026-04-01", "--disabled", script, "--", "--time", "-x", "");

        Assert.Equal(0, run.Code);
        Assert.StartsWith($"Created nightly ({Id}).\n", run.Out, StringComparison.Ordinal);
        Assert.Equal("print('hi')", server.Calls[0].Text);
        Assert.Equal("""
            {"time":"0 2 * * *","name":"nightly","timezone":"Europe/Lisbon","env":{"A":"1","B":"x=y"},"labels":{"team":"data"},
            "worker_selector":{"gpu":"yes"},"timeout_seconds":300,"starts_at":"2026-04-01T00:00:00Z","enabled":false,
            "args":["--time","-x",""],"script_type":"python","script_location":"s3://dcron/scripts/x.py"}
            """.ReplaceLineEndings(""),
            server.Calls[1].Text);
    }

    [Fact]
    public async Task A_script_may_come_from_stdin()
    {
        var server = new FakeServer().On("POST scripts?name=stdin", 201, """{"script_location":"s3://dcron/scripts/x.rb"}""").On("POST jobs", 201, Job);

        var run = await CliRun.Of(server, new CliRun.Options { Input = "puts 1" }, "job", "create", "--time", "@daily", "--type", "ruby", "-", "--json");

        Assert.Equal((0, Job + "\n"), (run.Code, run.Out));
        Assert.Equal("puts 1", server.Calls[0].Text);
    }

    [Fact]
    public async Task A_refused_job_names_its_fields()
    {
        var server = new FakeServer().On("POST jobs", 422, """{"title":"The request is not valid","errors":{"time":["never fires"]}}""");

        var run = await CliRun.Of(server, "job", "create", "--time", "0 0 31 2 *", "--script-location", "s3://a/b.py");

        Assert.Equal((1, "", "dcron: The request is not valid\n  time: never fires\n"), (run.Code, run.Out, run.Error.ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task An_update_sends_only_what_is_given_and_the_version_that_it_saw()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, Job, ("ETag", "\"v3\"")).On($"PATCH jobs/{Id}", 200, Job);

        var run = await CliRun.Of(server, "job", "update", Id, "--timeout", "none", "--env", "A=1", "--unset-env", "B", "--name", "", "--");

        Assert.Equal(0, run.Code);
        var patch = server.Calls.Single(c => c.Target.StartsWith("PATCH", StringComparison.Ordinal));
        Assert.Equal("""{"name":null,"env":{"B":null,"A":"1"},"timeout_seconds":null,"args":[]}""", patch.Text);
        Assert.Equal("\"v3\"", patch.Headers["If-Match"]);
        Assert.Equal("application/merge-patch+json", patch.Headers["Content-Type"]);
    }

    [Fact]
    public async Task Who_changed_it_meanwhile_is_not_overwritten()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, Job, ("ETag", "\"v3\"")).On($"PATCH jobs/{Id}", 412, """{"detail":"The job has changed."}""");

        var run = await CliRun.Of(server, "job", "update", Id, "--time", "@daily");

        Assert.Equal(1, run.Code);
        Assert.Single(server.Calls, c => c.Target.StartsWith("PATCH", StringComparison.Ordinal));
        Assert.Contains("Somebody changed this job at the same moment.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Our_own_lost_answer_is_not_taken_for_somebody_elses_change()
    {
        var server = new FakeServer()
            .On($"GET jobs/{Id}", 200, Job, ("ETag", "\"v3\"")).On($"GET jobs/{Id}", 200, Job, ("ETag", "\"v3\"")).On($"GET jobs/{Id}", 200, Job, ("ETag", "\"v4\""))
            .BreaksOff($"PATCH jobs/{Id}").On($"PATCH jobs/{Id}", 412, "{}").On($"PATCH jobs/{Id}", 200, Job);

        var run = await CliRun.Of(server, "job", "update", Id, "--time", "@daily");

        Assert.Equal(0, run.Code);
        Assert.Equal(["\"v3\"", "\"v3\"", "\"v4\""], server.Calls.Where(c => c.Target.StartsWith("PATCH", StringComparison.Ordinal)).Select(c => c.Headers["If-Match"]));
    }

    [Fact]
    public async Task An_update_that_changes_nothing_is_a_misuse()
    {
        var run = await CliRun.Of(new FakeServer().On($"GET jobs/{Id}", 200, Job), "job", "update", Id);

        Assert.Equal(2, run.Code);
        Assert.Contains("Nothing to change is given", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listings_walk_through_their_pages_and_stop_where_they_are_told()
    {
        var server = new FakeServer()
            .On("GET jobs?limit=3", 200, """[{"job_id":"1"},{"job_id":"2"}]""", ("Link", "</api/v1/jobs?limit=3&cursor=c%2B1>; rel=\"next\""))
            .On("GET jobs?cursor=c%2B1&limit=1", 200, """[{"job_id":"3"}]""", ("Link", "</api/v1/jobs?limit=1&cursor=c2>; rel=\"next\""));

        var machine = await CliRun.Of(server, "job", "list", "--limit", "3", "--json");
        Assert.Equal(["1", "2", "3"], JsonDocument.Parse(machine.Out).RootElement.EnumerateArray().Select(j => j.GetProperty("job_id").GetString()));

        var server2 = new FakeServer().On("GET jobs?limit=500", 200, $"[{Job}]");
        var people = await CliRun.Of(server2, "job", "list", "--all");
        Assert.Equal($"""
            JOB                   NAME     TIME       TIMEZONE  TYPE    STATE   NEXT
            {Id}  nightly  0 2 * * *  -         python  active  2026-03-30 02:00:00Z

            """.ReplaceLineEndings("\n"), people.Out);
    }

    [Fact]
    public async Task An_empty_page_that_names_another_is_not_the_last_and_one_that_names_itself_is()
    {
        var server = new FakeServer()
            .On("GET executions?limit=20&result=lost", 200, "[]", ("Link", "</api/v1/executions?limit=20&result=lost&cursor=a>; rel=\"next\""))
            .On("GET executions?result=lost&cursor=a&limit=20", 200, "[]", ("Link", "</api/v1/executions?limit=20&result=lost&cursor=b>; rel=\"next\""))
            .On("GET executions?result=lost&cursor=b&limit=20", 200, """[{"execution_id":"1"}]""", ("Link", "</api/v1/executions?limit=20&result=lost&cursor=c>; rel=\"next\""))
            .On("GET executions?result=lost&cursor=c&limit=19", 200, "[]", ("Link", "</api/v1/executions?limit=20&result=lost&cursor=c>; rel=\"next\""));

        var run = await CliRun.Of(server, "executions", "--result", "lost", "--json");

        Assert.Equal(["1"], JsonDocument.Parse(run.Out).RootElement.EnumerateArray().Select(row => row.GetProperty("execution_id").GetString()));
        Assert.Equal(4, server.Calls.Count);
    }

    [Fact]
    public async Task A_listing_that_goes_on_says_so_on_stderr()
    {
        var server = new FakeServer().On("GET jobs?limit=1&enabled=false", 200, $"[{Job}]", ("Link", "</api/v1/jobs?cursor=x>; rel=\"next\""));

        var run = await CliRun.Of(server, "job", "list", "--limit", "1", "--disabled");

        Assert.Contains("There are more jobs; --limit or --all shows them.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_a_name_cannot_steer_it()
    {
        var server = new FakeServer().On("GET jobs?limit=100", 200, """[{"job_id":"1","name":"\u001b[2J\u001b]0;x\u0007","time":"@daily"}]""");

        var run = await CliRun.Of(server, new CliRun.Options { Terminal = true, Variables = new Dictionary<string, string> { ["NO_COLOR"] = "1" } }, "job", "list");

        Assert.Contains("\\x1b[2J\\x1b]0;x\\x07", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\x1b[2J", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\a', run.Out);
    }

    [Fact]
    public async Task NO_COLOR_is_honoured()
    {
        var server = new FakeServer().On("GET jobs?limit=100", 200, $"[{Job}]");

        var plain = await CliRun.Of(server, new CliRun.Options { Terminal = true, Variables = new Dictionary<string, string> { ["NO_COLOR"] = "1" } }, "job", "list");
        var coloured = await CliRun.Of(server, new CliRun.Options { Terminal = true }, "job", "list");

        Assert.DoesNotMatch("\x1b\\[[0-9;]*3[0-9][0-9;]*m", plain.Out);
        Assert.Matches("\x1b\\[[0-9;]*3[0-9][0-9;]*m", coloured.Out);
    }

    [Fact]
    public async Task A_delete_whose_answer_was_lost_has_happened()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, Job).BreaksOff($"DELETE jobs/{Id}").On($"DELETE jobs/{Id}", 404, "{}");

        var run = await CliRun.Of(server, "job", "delete", Id);

        Assert.Equal((0, $"{Id} is deleted.\n"), (run.Code, run.Out));
    }
}

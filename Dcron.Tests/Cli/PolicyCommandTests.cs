namespace Dcron.Tests.Cli;

public class PolicyCommandTests
{
    private const string Id = "01k9nightly000000000";
    private const string Job = $$"""
        {"job_id":"{{Id}}","name":"nightly","time":"0 2 * * *","script_type":"python","script_location":"s3://dcron/x.py","enabled":true,"overlap_policy":"queue","queue_limit":5,
        "misfire_policy":"run_all","starting_deadline_seconds":600,"retries":{"count":3,"backoff":"exponential","delay_seconds":30,"max_delay_seconds":3600,"jitter":0.2,"on_exit_codes":[75],"on":["failed","lost"]},
        "jitter_seconds":30,"dst_gap":"skip","dst_overlap":"auto"}
        """;

    [Fact]
    public async Task Policies_are_sent_under_their_names()
    {
        var server = new FakeServer().On("POST jobs", 201, Job);

        var run = await CliRun.Of(server, "job", "create", "--time", "0 2 * * *", "--script-location", "s3://dcron/x.py", "--overlap-policy", "queue", "--queue-limit", "5", "--misfire-policy", "run_all",
            "--starting-deadline", "10m", "--jitter", "30s", "--dst-gap", "skip", "--dst-overlap", "both", "--retries", "3", "--retry-backoff", "fixed", "--retry-delay", "30s", "--retry-max-delay", "1h",
            "--retry-jitter", "0.2", "--retry-exit-code", "75", "--retry-exit-code", "111", "--retry-on", "failed");

        Assert.Equal(0, run.Code);
        Assert.Equal("""
            {"time":"0 2 * * *","script_location":"s3://dcron/x.py","overlap_policy":"queue","queue_limit":5,"misfire_policy":"run_all","dst_gap":"skip","dst_overlap":"both",
            "starting_deadline_seconds":600,"jitter_seconds":30,"retries":{"backoff":"fixed","delay_seconds":30,"max_delay_seconds":3600,"jitter":0.2,"on":["failed"],"on_exit_codes":[75,111],"count":3},"script_type":"python"}
            """.ReplaceLineEndings(""),
            server.Calls[0].Text);
    }

    [Fact]
    public async Task A_job_is_shown_with_its_policies()
    {
        var run = await CliRun.Of(new FakeServer().On($"GET jobs/{Id}", 200, Job), "job", "show", Id);

        Assert.Contains("overlap:       queue, at most 5 waiting\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("retries:       3, after 30.0 s, doubled up to 1h, jitter 0.2, on failed (exit status 75), lost\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("clock change:  gap skip, overlap auto\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("deadline:      10m\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Marks_for_stderr_are_asked_for_shown_and_taken_back()
    {
        var marked = Job.Replace("\"dst_gap\"", "\"stderr\":\"marked\",\"dst_gap\"", StringComparison.Ordinal);
        var server = new FakeServer().On("POST jobs", 201, marked).On($"GET jobs/{Id}", 200, marked, ("ETag", "\"v3\"")).On($"PATCH jobs/{Id}", 200, Job);

        var created = await CliRun.Of(server, "job", "create", "--time", "0 2 * * *", "--script-location", "s3://dcron/x.py", "--stderr", "marked");
        await CliRun.Of(server, "job", "update", Id, "--stderr", "merged");

        Assert.Contains("\"stderr\":\"marked\"", server.Calls[0].Text, StringComparison.Ordinal);
        Assert.Equal("""{"stderr":"merged"}""", server.Calls.Single(call => call.Target.StartsWith("PATCH", StringComparison.Ordinal)).Text);
        Assert.Equal(0, created.Code);
        Assert.Contains("stderr:        marked\n", (await CliRun.Of(server, "job", "show", Id)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retries_are_taken_away_by_none_and_one_field_of_them_can_be_changed()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, Job, ("ETag", "\"v3\"")).On($"PATCH jobs/{Id}", 200, Job);

        await CliRun.Of(server, "job", "update", Id, "--retries", "none", "--queue-limit", "none");
        await CliRun.Of(server, "job", "update", Id, "--retry-delay", "1m");

        Assert.Equal(["""{"queue_limit":null,"retries":null}""", """{"retries":{"delay_seconds":60}}"""], server.Calls.Where(call => call.Target.StartsWith("PATCH", StringComparison.Ordinal)).Select(call => call.Text));
    }

    [Theory]
    [InlineData("--retry-delay 5s", "need --retries N")]
    [InlineData("--retries none --retry-delay 5s", "leaves nothing for the other --retry options")]
    [InlineData("--retries 0", "a whole number from 1 to 100, or none")]
    [InlineData("--retries 1 --retry-exit-code x", "a number from 1 to 255")]
    [InlineData("--retry-jitter 2", "a number from 0 to 1")]
    [InlineData("--overlap-policy forbid", "forbid")]
    [InlineData("--stderr red", "marked")]
    public async Task Options_that_make_no_sense_are_told_before_anything_is_sent(string options, string says)
    {
        var run = await CliRun.Of(new FakeServer(), ["job", "create", "--time", "@daily", "--script-location", "s3://dcron/x.py", .. options.Split(' ')]);

        Assert.Equal(2, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backfill_is_shown_first_and_begun_with_yes()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, Job)
            .On($"POST jobs/{Id}/backfill", 200, """{"backfill":null,"total":2,"fire_times":["2026-03-01T02:00:00Z","2026-03-02T02:00:00Z"],"left_out":["2026-03-03T02:00:00Z"]}""")
            .On($"POST jobs/{Id}/backfill", 202, """{"backfill":{"number":4},"total":2,"fire_times":["2026-03-01T02:00:00Z","2026-03-02T02:00:00Z"],"left_out":[]}""");

        var shown = await CliRun.Of(server, "job", "backfill", Id, "--from", "2026-03-01", "--to", "2026-03-04");
        var begun = await CliRun.Of(server, "job", "backfill", Id, "--from", "2026-03-01", "--to", "2026-03-04", "--yes");

        Assert.Equal("2 fire times would run; 1 left out, since they succeeded or are under way.\n  2026-03-01 02:00:00Z\n  2026-03-02 02:00:00Z\n", shown.Out);
        Assert.Contains("Nothing was begun; the same with --yes begins it.", shown.Error, StringComparison.Ordinal);
        Assert.StartsWith("Backfill 4 begins: 2 fire times. Its executions end in .b4.\n", begun.Out, StringComparison.Ordinal);
        Assert.Equal(
            ["""{"from":"2026-03-01T00:00:00Z","to":"2026-03-04T00:00:00Z","max_concurrent":1,"dry_run":true}""", """{"from":"2026-03-01T00:00:00Z","to":"2026-03-04T00:00:00Z","max_concurrent":1,"dry_run":false}"""],
            server.Calls.Where(call => call.Target.StartsWith("POST", StringComparison.Ordinal)).Select(call => call.Text));
    }

    [Fact]
    public async Task Backfills_are_listed_and_cancelled()
    {
        const string running = """{"number":1,"state":"running","from":"2026-03-01T00:00:00Z","to":"2026-03-04T00:00:00Z","decided_up_to":"2026-03-02T02:00:01Z","launched":2,"left_out_count":1,"ended_at":null}""";
        var server = new FakeServer().On($"GET jobs/{Id}", 200, Job).On($"GET jobs/{Id}/backfills", 200, $"[{running}]").On($"POST jobs/{Id}/backfills/1/cancel", 200, running);

        Assert.Equal("""
            NUMBER  STATE    FROM                  TO                    DECIDED UP TO         LAUNCHED  LEFT OUT  ENDED
            1       running  2026-03-01 00:00:00Z  2026-03-04 00:00:00Z  2026-03-02 02:00:01Z  2         1         -

            """.ReplaceLineEndings("\n"), (await CliRun.Of(server, "job", "backfills", Id)).Out);
        Assert.Equal("Backfill 1 is cancelled; what runs of it ends by itself.\n", (await CliRun.Of(server, "job", "backfill", Id, "--cancel", "1")).Out);
    }

    [Fact]
    public async Task A_rerun_answers_the_new_execution()
    {
        var server = new FakeServer().On($"POST executions/{Id}%4020260329T010000Z/rerun", 202, $$"""{"execution_id":"{{Id}}@20260330T090000Z.m2"}""");

        var run = await CliRun.Of(server, "rerun", $"{Id}@20260329T010000Z", "--idempotency-key", "k");

        Assert.Equal((0, $"{Id}@20260330T090000Z.m2\n", "k"), (run.Code, run.Out, server.Calls[0].Headers["Idempotency-Key"]));
    }

    [Fact]
    public async Task An_execution_tells_its_story()
    {
        var server = new FakeServer().On($"GET executions/{Id}%4020260329T010000Z", 200, $$$"""
            {"execution_id":"{{{Id}}}@20260329T010000Z","job_id":"{{{Id}}}","execution_date":"2026-03-29T01:00:00Z","execution_result":"lost","trigger":"schedule","attempt":1,"worker_id":"w2","due_at":"2026-03-29T01:00:00Z",
            "planned_at":"2026-03-29T01:00:00.004Z","claimed_at":"2026-03-29T01:00:00.010Z","started_at":"2026-03-29T01:00:00.015Z","finished_at":"2026-03-29T01:00:02.015Z","uploaded_at":null,"job_version":3,"args":["-x","a b"],
            "offers_left_out":2,"offers":[{"worker_id":"w1","answer":"declined","reason":"busy","detail":"4 of 4 slots are taken"},{"worker_id":"w3","answer":"unanswered"},{"worker_id":"w2","answer":"accepted","milliseconds":3.14}],
            "provenance":{"interpreter_version":"3.12.4","interpreter_path":"/usr/bin/python3","environment_sha256":null,"host":"node-2","node_version":"0.1.0","tz_version":"2025b"},
            "late_result":{"execution_result":"failed","exit_status":3,"finished_at":"2026-03-29T01:00:05Z","told_at":"2026-03-29T01:10:00Z"}}
            """);

        var run = await CliRun.Of(server, "execution", "show", $"{Id}@20260329T010000Z");

        Assert.Contains("""
            offers:         (2 earlier offers that came to nothing)
                            w1 declined: busy (4 of 4 slots are taken)
                            w3 did not answer
                            w2 accepted, 3.1 ms
            timeline:       due         2026-03-29 01:00:00.000Z
                            planned     2026-03-29 01:00:00.004Z  +4 ms
                            claimed     2026-03-29 01:00:00.010Z  +6 ms
                            started     2026-03-29 01:00:00.015Z  +5 ms
                            ended       2026-03-29 01:00:02.015Z  +2.0 s
            args:           -x 'a b'
            job version:    3
            interpreter:    3.12.4 /usr/bin/python3
            environment:    -
            node:           node-2, dcron 0.1.0
            time zones:     2025b
            late result:    failed (exit 3) at 2026-03-29 01:00:05Z, told 2026-03-29 01:10:00Z; superseded
            """.ReplaceLineEndings("\n"), run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preview_shows_the_changes_of_clocks()
    {
        var server = new FakeServer().On("GET schedule/preview?time=30%201%20%2A%20%2A%20%2A&timezone=Europe%2FLisbon&count=1&dst_gap=skip", 200, """
            {"description":"At 01:30 every day","fire_times":["2026-03-28T01:30:00Z"],"local_times":["2026-03-28T01:30:00+00:00"],
            "clock_changes":[{"at":"2026-03-29T01:00:00Z","direction":"forward","minutes":60,"fire_times_nearby":[]},{"at":"2026-10-25T01:00:00Z","direction":"back","minutes":60,"fire_times_nearby":["2026-10-25T01:30:00+01:00"]}]}
            """);

        var run = await CliRun.Of(server, "preview", "30 1 * * *", "--timezone", "Europe/Lisbon", "--count", "1", "--dst-gap", "skip");

        Assert.EndsWith("""
            clocks go forward 60 min at 2026-03-29 01:00:00Z; around it:
              nothing fires
            clocks go back 60 min at 2026-10-25 01:00:00Z; around it:
              2026-10-25T01:30:00+01:00

            """.ReplaceLineEndings("\n"), run.Out, StringComparison.Ordinal);
    }
}

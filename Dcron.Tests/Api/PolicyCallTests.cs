using System.Text.Json.Nodes;

namespace Dcron.Tests.Api;

/// <summary>Policies, backfills, re-runs and an execution's story, over HTTP and on a real node.</summary>
[Collection(OpenNodeCollection.Name)]
public sealed class PolicyCallTests(OpenNode shared) : IDisposable
{
    private readonly ApiClient _api = shared.Node.Client();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_job_answers_its_policies_and_a_patch_changes_one_of_them()
    {
        var job = await _api.CreateAsync(more: new { overlap_policy = "queue", misfire_policy = "run_all", retries = new { count = 3, delay_seconds = 5, on_exit_codes = new[] { 75 } }, dst_overlap = "second" });
        Assert.Equal(("queue", 10, "run_all", null, null), ((string)job["overlap_policy"]!, (int)job["queue_limit"]!, (string)job["misfire_policy"]!, (object?)job["starting_deadline_seconds"], (object?)job["jitter_seconds"]));
        Assert.Equal("""{"count":3,"backoff":"exponential","delay_seconds":5,"max_delay_seconds":3600,"jitter":0,"on_exit_codes":[75],"on":["failed","timed_out","lost"]}""", job["retries"]!.ToJsonString());
        Assert.Equal(("shift", "second"), ((string)job["dst_gap"]!, (string)job["dst_overlap"]!));

        var patched = (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"retries":{"count":1,"on_exit_codes":[]},"starting_deadline_seconds":60}""")).Ok().Json;
        Assert.Equal((1, 5, 60), ((int)patched["retries"]!["count"]!, (int)patched["retries"]!["delay_seconds"]!, (int)patched["starting_deadline_seconds"]!));
        Assert.Null((await _api.PatchAsync($"jobs/{job["job_id"]}", """{"retries":null}""")).Ok().Json["retries"]);
        Assert.Contains("contradicts", (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"overlap_policy":"skip","queue_limit":null}""")).Error("misfire_policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_run_is_tried_again_with_a_log_of_each_attempt()
    {
        var started = await _api.StartAsync("import os\nprint('attempt', os.environ['DCRON_ATTEMPT'])\nraise SystemExit(0 if os.environ['DCRON_ATTEMPT'] == '2' else 75)", new { retries = new { count = 3, delay_seconds = 1 } });
        Assert.Equal(75, (int)(await _api.EndOfAsync(started))["exit_status"]!);
        var second = (await _api.UntilAsync($"executions/{started}.a2", reply => reply.Status == 200 && (string?)reply.Json["execution_result"] == "succeeded")).Json;
        Assert.Equal(("retry", 2), ((string)second["trigger"]!, (int)second["attempt"]!));
        Assert.Equal("attempt 1\n", (await _api.GetAsync($"executions/{started}/log")).Ok().Text);
        Assert.Equal("attempt 2\n", (await _api.GetAsync($"executions/{started}.a2/log")).Ok().Text);
        Assert.True((DateTimeOffset)second["started_at"]! >= (DateTimeOffset)second["due_at"]!);
    }

    [Fact]
    public async Task An_execution_tells_its_story()
    {
        var job = await _api.CreateAsync("print('hello')", new { args = new[] { "-x" }, env = new { A = "1" } });
        var id = (string)(await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
        await _api.EndOfAsync(id);
        var story = (await _api.UntilAsync($"executions/{id}", reply => reply.Json["uploaded_at"] is not null)).Json;
        var offer = Assert.Single(story["offers"]!.AsArray());
        Assert.Equal(("accepted", (string?)story["worker_id"]), ((string)offer!["answer"]!, (string?)offer["worker_id"]));
        Assert.True((double)offer["milliseconds"]! >= 0);
        string[] steps = ["planned_at", "claimed_at", "started_at", "finished_at", "uploaded_at"];
        var times = steps.Select(step => (DateTimeOffset)story[step]!).ToList();
        Assert.Equal(times.Order(), times);
        Assert.Equal("""["-x"]""", story["args"]!.ToJsonString());
        var provenance = story["provenance"]!;
        Assert.Matches(@"^\d+\.\d+", (string)provenance["interpreter_version"]!);
        Assert.StartsWith("/", (string)provenance["interpreter_path"]!, StringComparison.Ordinal);
        Assert.Equal("6867bf84fe2d69a1b33a28a2b1f90b14f7e5f7acf16a3a58a0fb4a8e6d4c6a9e".Length, ((string)provenance["environment_sha256"]!).Length);
        Assert.Equal(Environment.MachineName, (string)provenance["host"]!);
        Assert.NotNull(provenance["node_version"]);
    }

    [Fact]
    public async Task A_rerun_repeats_an_execution_exactly_though_the_job_has_changed()
    {
        var job = await _api.CreateAsync("import sys; print('first', *sys.argv[1:])", new { args = new[] { "old" } });
        var origin = (string)(await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
        await _api.EndOfAsync(origin);
        (await _api.PatchAsync($"jobs/{job["job_id"]}", new JsonObject { ["script_location"] = await _api.UploadAsync("print('second')"), ["args"] = new JsonArray("new") })).Ok();

        var reply = (await _api.PostAsync($"executions/{origin}/rerun", null, ("Idempotency-Key", $"again {origin}"))).Ok(202);
        var again = (string)reply.Json["execution_id"]!;
        Assert.Equal(again, (string?)(await _api.PostAsync($"executions/{origin}/rerun", null, ("Idempotency-Key", $"again {origin}"))).Ok(202).Json["execution_id"]);
        var execution = await _api.EndOfAsync(again);
        Assert.Equal(("succeeded", origin, 1), ((string)execution["execution_result"]!, (string)execution["rerun_of"]!, (int)execution["job_version"]!));
        Assert.Equal("first old\n", (await _api.GetAsync($"executions/{again}/log")).Ok().Text);
        (await _api.PostAsync($"executions/{job["job_id"]}@20010101T000000Z/rerun")).Problem(404, "not-found");
        (await _api.PostAsync("executions/nothing/rerun")).Problem(404, "not-found");
        (await _api.DeleteAsync($"jobs/{job["job_id"]}")).Ok(204);
        (await _api.PostAsync($"executions/{origin}/rerun")).Problem(409, "no-rerun");
    }

    [Fact]
    public async Task A_backfill_is_previewed_then_runs_its_fire_times_in_order()
    {
        var job = await _api.CreateAsync("import os; print(os.environ['DCRON_FIRE_TIME'])", new { time = "0 0 1 * *" });
        var path = $"jobs/{job["job_id"]}/backfill";
        var preview = (await _api.PostAsync(path, """{"from":"2026-01-01T00:00:00Z","to":"2026-04-01T00:00:00Z","dry_run":true}""")).Ok().Json;
        Assert.Equal((3, null), ((int)preview["total"]!, preview["backfill"]));
        Assert.Equal("""["2026-01-01T00:00:00.000Z","2026-02-01T00:00:00.000Z","2026-03-01T00:00:00.000Z"]""", preview["fire_times"]!.ToJsonString());

        var begun = (await _api.PostAsync(path, """{"from":"2026-01-01T00:00:00Z","to":"2026-04-01T00:00:00Z"}""")).Ok(202).Json;
        Assert.Equal(1, (int)begun["backfill"]!["number"]!);
        await _api.EndOfAsync($"{job["job_id"]}@20260301T000000Z.b1");
        Assert.Equal("2026-02-01T00:00:00Z\n", (await _api.GetAsync($"executions/{job["job_id"]}@20260201T000000Z.b1/log")).Ok().Text);
        var over = (await _api.UntilAsync($"jobs/{job["job_id"]}/backfills", reply => (string?)reply.Json[0]!["state"] == "ended")).Json[0]!;
        Assert.Equal((3, 0), ((int)over["launched"]!, (int)over["left_out_count"]!));
        var again = (await _api.PostAsync(path, """{"from":"2026-01-01T00:00:00Z","to":"2026-04-01T00:00:00Z","dry_run":true}""")).Ok().Json;
        Assert.Equal((0, 3), ((int)again["total"]!, again["left_out"]!.AsArray().Count));
        (await _api.PostAsync($"jobs/{job["job_id"]}/backfills/1/cancel")).Problem(409, "backfill-is-over");
        (await _api.PostAsync($"jobs/{job["job_id"]}/backfills/2/cancel")).Problem(404, "not-found");
    }

    [Theory]
    [InlineData("{}", 400, "from", "is required")]
    [InlineData("""{"from":"2026-01-01","to":"2026-02-01T00:00:00Z"}""", 400, "from", "RFC 3339")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","dryrun":true}""", 400, "dryrun", "did you mean 'dry_run'?")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","dry_run":"yes"}""", 400, "dry_run", "must be true or false, not a text")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","max_concurrent":3}""", 422, "max_concurrent", "must be 1 for a job whose overlap_policy is not allow")]
    [InlineData("""{"from":"1999-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}""", 422, "to", "more than 10000 fire times")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2199-01-01T00:00:00Z"}""", 422, "to", "must not lie in the future")]
    public async Task A_backfill_that_can_not_be_is_named_with_the_way_out(string body, int status, string field, string says)
    {
        var job = await _api.CreateAsync(more: new { time = "* * * * *", enabled = false });
        var reply = await _api.PostAsync($"jobs/{job["job_id"]}/backfill", body);
        reply.Problem(status, status == 400 ? "malformed-request" : "invalid-request");
        Assert.Contains(says, reply.Json["errors"]![field]![0]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preview_shows_what_the_schedule_does_when_clocks_change()
    {
        var preview = (await _api.GetAsync("schedule/preview?time=30%201%20*%20*%20*&timezone=Europe%2FLisbon&from=2026-03-01T00:00:00Z&dst_gap=skip&dst_overlap=both")).Ok().Json;
        var changes = preview["clock_changes"]!.AsArray();
        Assert.Equal(2, changes.Count);
        Assert.Equal(("2026-03-29T01:00:00.000Z", "forward", 60, "[]"), ((string)changes[0]!["at"]!, (string)changes[0]!["direction"]!, (int)changes[0]!["minutes"]!, changes[0]!["fire_times_nearby"]!.ToJsonString()));
        Assert.Equal(["2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00"], changes[1]!["fire_times_nearby"]!.AsArray().Select(time => (string)time!));
        Assert.Contains("must be one of shift, skip", (await _api.GetAsync("schedule/preview?time=@daily&dst_gap=jump")).Error("dst_gap"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_replaced_while_it_runs_is_ended_and_the_next_one_starts()
    {
        var job = await _api.CreateAsync("import time; time.sleep(300)", new { time = "*/4 * * * * *", overlap_policy = "replace" });
        var path = $"jobs/{job["job_id"]}/executions?result=cancelled";
        var cancelled = (await _api.UntilAsync(path, reply => reply.Json.AsArray().Count > 0)).Json.AsArray()[^1]!;
        await _api.DeleteAsync($"jobs/{job["job_id"]}");
        Assert.Contains("took its place (overlap policy replace)", (string)cancelled["reason"]!, StringComparison.Ordinal);
        foreach (var running in (await _api.GetAsync($"jobs/{job["job_id"]}/executions?result=running")).Json.AsArray())
            await _api.PostAsync($"executions/{running!["execution_id"]}/cancel");
    }
}

using System.Text;

namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class ExecutionCallTests(OpenNode shared) : IDisposable
{
    private const string Waits = "import sys, time\nprint('begun', flush=True)\nsys.stdin.read()\ntime.sleep(300)";
    private readonly ApiClient _api = shared.Node.Client();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_run_goes_from_its_answer_to_its_result_and_log()
    {
        var job = await _api.CreateAsync("print('hello')\nimport sys; sys.exit(3)");
        var started = (await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202);
        var id = (string)started.Json["execution_id"]!;
        Assert.Equal($"/api/v1/executions/{Uri.EscapeDataString(id)}", started.Header("Location"));
        var execution = await _api.EndOfAsync(id);
        Assert.Equal(("failed", 3, "manual", 1), ((string)execution["execution_result"]!, (int)execution["exit_status"]!, (string)execution["trigger"]!, (int)execution["attempt"]!));
        string[] fields =
        [
            "execution_id", "job_id", "execution_date", "execution_result", "exit_status", "signal", "reason", "logs_path", "log_bytes", "worker_id", "attempt", "trigger",
            "started_at", "finished_at", "script_sha256", "job_version", "due_at", "planned_at", "claimed_at", "uploaded_at", "offers", "offers_left_out", "rerun_of", "args",
            "provenance", "late_result", "namespace", "containment", "use",
        ];
        Assert.Equal(fields, execution.AsObject().Select(pair => pair.Key));
        Assert.Equal("hello\n", (await _api.GetAsync($"executions/{id}/log")).Ok().Text);
        Assert.Equal(id, (string?)(await _api.GetAsync($"jobs/{job["job_id"]}/executions")).Ok().Json[0]!["execution_id"]);
        Assert.Contains((await _api.GetAsync("executions?limit=500&result=failed")).Ok().Json.AsArray(), found => (string?)found!["execution_id"] == id);
        Assert.DoesNotContain((await _api.GetAsync("executions?limit=500&result=succeeded")).Ok().Json.AsArray(), found => (string?)found!["execution_id"] == id);
    }

    [Fact]
    public async Task Links_are_refused_where_there_are_none_with_the_way_around()
    {
        var job = await _api.CreateAsync("print('hello')");
        var id = (string)(await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
        await _api.EndOfAsync(id);

        var problem = (await _api.GetAsync($"executions/{id}/log/link")).Problem(501, "no-links");
        Assert.Contains($"GET /api/v1/executions/{id}/log", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Contains("POST /api/v1/scripts", (string)(await _api.PostAsync("scripts/link")).Problem(501, "no-links")["detail"]!, StringComparison.Ordinal);
        (await _api.PostAsync("scripts/link?name=../x")).Problem(422, "invalid-request");
        (await _api.GetAsync("executions/nothing/log/link")).Problem(404, "not-found");
    }

    [Fact]
    public async Task There_is_no_link_to_a_log_that_is_still_written()
    {
        var job = await _api.CreateAsync(Waits);
        var id = (string)(await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;

        (await _api.GetAsync($"executions/{id}/log/link")).Problem(409, "log-not-stored-yet");

        await _api.PostAsync($"executions/{id}/cancel");
        await _api.EndOfAsync(id);
    }

    [Fact]
    public async Task Executions_are_paged_newest_first()
    {
        var job = await _api.CreateAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var id = (string)(await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
            await _api.EndOfAsync(id);
            ids.Insert(0, id);
        }

        var pages = new List<string>();
        for (string? next = $"jobs/{job["job_id"]}/executions?limit=1&result=succeeded"; next is not null;)
        {
            var page = (await _api.GetAsync(next)).Ok();
            pages.AddRange(page.Json.AsArray().Select(execution => (string)execution!["execution_id"]!));
            next = page.Header("Link") is { } link ? link[(link.IndexOf('<') + 1)..link.IndexOf('>')] : null;
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), pages.Order(StringComparer.Ordinal));
        var date = (string)(await _api.GetAsync($"executions/{ids[0]}")).Json["execution_date"]!;
        Assert.Empty((await _api.GetAsync($"jobs/{job["job_id"]}/executions?to=2001-01-01T00:00:00Z")).Ok().Json.AsArray());
        Assert.NotEmpty((await _api.GetAsync($"jobs/{job["job_id"]}/executions?from={date}")).Ok().Json.AsArray());
        (await _api.GetAsync($"jobs/{job["job_id"]}/executions?from={date}&to={date}")).Problem(422, "invalid-request");
    }

    [Fact]
    public async Task A_running_execution_is_cancelled_and_shows_its_log_so_far()
    {
        var id = await _api.StartAsync(Waits.Replace("sys.stdin.read()\n", "", StringComparison.Ordinal));
        await _api.RunningAsync(id);
        Assert.Equal("begun\n", (await _api.UntilAsync($"executions/{id}/log", reply => reply.Body.Length > 0)).Text);
        Assert.Equal("gun", (await _api.GetAsync($"executions/{id}/log", ("Range", "bytes=2-4"))).Ok(206).Text);
        (await _api.PostAsync($"executions/{id}/cancel")).Ok(202);
        var execution = await _api.EndOfAsync(id);
        Assert.Equal("cancelled", (string?)execution["execution_result"]);
        Assert.Contains("this machine", (string)execution["reason"]!, StringComparison.Ordinal);
        (await _api.PostAsync($"executions/{id}/cancel")).Problem(409, "execution-is-over");
        Assert.StartsWith("begun\n", (await _api.GetAsync($"executions/{id}/log")).Ok().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queued_execution_is_shown_has_an_empty_log_and_can_be_cancelled()
    {
        var id = await _api.StartAsync("print('never')", new { worker_selector = new { nobody = "has-this" } });
        var queued = (await _api.GetAsync($"executions/{id}")).Ok().Json;
        Assert.Equal("queued", (string?)queued["execution_result"]);
        Assert.Null(queued["worker_id"]);
        Assert.Empty((await _api.GetAsync($"executions/{id}/log")).Ok().Body);
        (await _api.PostAsync($"executions/{id}/cancel")).Ok(202);
        Assert.Equal("cancelled", (string?)(await _api.EndOfAsync(id))["execution_result"]);
        (await _api.GetAsync($"executions/{id}/log")).Problem(404, "not-found");
        (await _api.PostAsync($"executions/{id}/cancel")).Problem(409, "execution-is-over");
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("POST", "/cancel")]
    [InlineData("GET", "/log")]
    [InlineData("GET", "/log?follow=true")]
    public async Task What_does_not_exist_is_not_found(string method, string path)
    {
        (await _api.SendAsync(method, $"executions/01k0000000000000zzzz@20260329T010000Z{path}", null)).Problem(404, "not-found");
        (await _api.SendAsync(method, $"executions/nonsense{path}", null)).Problem(404, "not-found");
    }

    [Fact]
    public async Task A_finished_log_is_read_whole_in_parts_and_not_twice()
    {
        var id = await _api.StartAsync("print('0123456789', end='')");
        await _api.EndOfAsync(id);
        var path = $"executions/{id}/log";
        var whole = (await _api.GetAsync(path)).Ok();
        Assert.Equal(("0123456789", "text/plain; charset=utf-8", "nosniff", "bytes"),
            (whole.Text, whole.Header("Content-Type"), whole.Header("X-Content-Type-Options"), whole.Header("Accept-Ranges")));
        var part = (await _api.GetAsync(path, ("Range", "bytes=2-4"))).Ok(206);
        Assert.Equal(("234", "bytes 2-4/10"), (part.Text, part.Header("Content-Range")));
        Assert.Equal("89", (await _api.GetAsync(path, ("Range", "bytes=-2"))).Ok(206).Text);
        Assert.Equal("56789", (await _api.GetAsync(path, ("Range", "bytes=5-"), ("If-Range", whole.Header("ETag")!))).Ok(206).Text);
        Assert.Equal("0123456789", (await _api.GetAsync(path, ("Range", "bytes=5-"), ("If-Range", "\"other\""))).Ok().Text);
        var beyond = await _api.GetAsync(path, ("Range", "bytes=10-"));
        beyond.Problem(416, "range-not-satisfiable");
        Assert.Equal("bytes */10", beyond.Header("Content-Range"));
        (await _api.GetAsync(path, ("If-None-Match", whole.Header("ETag")!))).Ok(304);
        var head = (await _api.SendAsync("HEAD", path, null)).Ok();
        Assert.Equal(("10", 0), (head.Header("Content-Length"), head.Body.Length));
    }

    [Fact]
    public async Task A_log_that_is_no_utf8_arrives_byte_for_byte()
    {
        var id = await _api.StartAsync("import sys; sys.stdout.buffer.write(bytes(range(256)))");
        await _api.EndOfAsync(id);
        Assert.Equal(Enumerable.Range(0, 256).Select(i => (byte)i), (await _api.GetAsync($"executions/{id}/log")).Ok().Body);
    }

    [Fact]
    public async Task A_log_is_followed_from_the_queue_to_the_end()
    {
        var id = await _api.StartAsync("import time\nfor i in range(3):\n    print('zeile', i, 'ü😀', flush=True)\n    time.sleep(0.3)");
        var events = await Events.ReadAsync(_api, $"executions/{id}/log?follow=true");
        Assert.Equal("end", events[^1].Name);
        Assert.Equal("succeeded", (string?)events[^1].Data["execution_result"]);
        var logs = events[..^1];
        Assert.True(logs.Count > 1, "it comes as it is printed, not at the end");
        Assert.All(logs, log => Assert.Equal("log", log.Name));
        Assert.Equal("zeile 0 ü😀\nzeile 1 ü😀\nzeile 2 ü😀\n", string.Concat(logs.Select(log => (string)log.Data["text"]!)));
        Assert.Equal(0, (long)logs[0].Data["offset"]!);
        Assert.Equal(logs.Skip(1).Select(log => (long)log.Data["offset"]!), logs.SkipLast(1).Select(log => log.Id));
        Assert.Equal(Encoding.UTF8.GetByteCount("zeile 0 ü😀\n") * 3, events[^1].Id);

        // Whoever lost the connection goes on where it broke.
        var rest = await Events.ReadAsync(_api, $"executions/{id}/log?follow=true", ("Last-Event-ID", $"{logs[0].Id}"));
        Assert.Equal(string.Concat(logs.Skip(1).Select(log => (string)log.Data["text"]!)), string.Concat(rest.SkipLast(1).Select(log => (string)log.Data["text"]!)));
    }

    [Fact]
    public async Task A_followed_execution_that_never_ran_just_ends()
    {
        var id = await _api.StartAsync("print('never')", new { worker_selector = new { nobody = "has-this" } });
        var following = Events.ReadAsync(_api, $"executions/{id}/log?follow=true");
        (await _api.PostAsync($"executions/{id}/cancel")).Ok(202);
        var end = Assert.Single(await following.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(("end", "cancelled"), (end.Name, (string?)end.Data["execution_result"]));
    }

    [Fact]
    public async Task Following_takes_only_true_or_false() => (await _api.GetAsync("executions/x@20260329T010000Z/log?follow=maybe")).Problem(400, "malformed-request");
}

using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class JobCallTests(OpenNode shared) : IDisposable
{
    private readonly ApiClient _api = shared.Node.Client();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_created_job_is_answered_with_its_id_place_and_next_fire_times()
    {
        var location = await _api.UploadAsync("print(1)");
        var reply = (await _api.PostAsync("jobs", new { time = "30 2 * * MON-FRI", script_type = "python", script_location = location, timezone = "Europe/Lisbon", labels = new { team = "ops" } })).Ok(201);
        var job = reply.Json;
        Assert.Equal($"/api/v1/jobs/{job["job_id"]}", reply.Header("Location"));
        Assert.Equal("\"v1\"", reply.Header("ETag"));
        Assert.Equal("application/json", reply.Header("Content-Type"));
        Assert.Equal(5, job["next_fire_times"]!.AsArray().Count);
        Assert.All(job["next_fire_times"]!.AsArray(), time => Assert.Matches(@"^\d{4}-\d\d-\d\dT0[12]:30:00\.000Z$", (string)time!));
        Assert.False(string.IsNullOrEmpty((string?)job["description"]));
        Assert.Equal((1, "Europe/Lisbon", true, "skip", "run_latest"),
            ((int)job["version"]!, (string)job["timezone"]!, (bool)job["enabled"]!, (string)job["overlap_policy"]!, (string)job["misfire_policy"]!));
        Assert.Equal("ops", (string?)job["labels"]!["team"]);
        Assert.Null(job["name"]);
        Assert.Equal(reply.Text, (await _api.GetAsync($"jobs/{job["job_id"]}")).Ok().Text);
    }

    [Theory]
    [InlineData("""{"time":"99 * * * *"}""", "time", "minute")]
    [InlineData("""{"time":"0 0 31 2 *"}""", "time", "never fires")]
    [InlineData("""{"time":""}""", "time", "")]
    [InlineData("""{"timezone":"Europe/Lisboa"}""", "timezone", "Europe/Lisbon")]
    [InlineData("""{"script_type":"cobol"}""", "script_type", "python")]
    [InlineData("""{"script_location":"s3://dcron/scripts/not/there.py"}""", "script_location", "there is no script")]
    [InlineData("""{"script_location":"s3://dcron/logs/2026/01/01/00/x.log"}""", "script_location", "not below scripts/")]
    [InlineData("""{"script_location":"s3://others/there.py"}""", "script_location", "Dcron:Objects:AllowedBuckets:others")]
    [InlineData("""{"namespace":"No Name"}""", "namespace", "lower case letters")]
    [InlineData("""{"script_location":"/tmp/x.py"}""", "script_location", "s3://bucket/key")]
    [InlineData("""{"timeout_seconds":-1}""", "timeout_seconds", "must be")]
    [InlineData("""{"overlap_policy":"forbid"}""", "overlap_policy", "must be one of skip, allow, queue, replace")]
    [InlineData("""{"misfire_policy":"run_all"}""", "misfire_policy", "contradicts overlap_policy skip")]
    [InlineData("""{"retries":{"count":0}}""", "retries.count", "nothing is retried for ever")]
    [InlineData("""{"env":{"DCRON_JOB_ID":"x"}}""", "env", "DCRON_")]
    [InlineData("""{"ends_at":"2001-01-01T00:00:00Z"}""", "ends_at", "past")]
    [InlineData("""{"name":""}""", "name", "1 to 200")]
    public async Task What_is_not_valid_is_named_with_the_way_out(string change, string field, string says)
    {
        var reply = await _api.PostAsync("jobs", await With(change));
        reply.Problem(422, "invalid-request");
        Assert.Contains(says, reply.Error(field), StringComparison.Ordinal);
        Assert.False(reply.Error(field).StartsWith(field + " ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"tiem":"x"}""", "tiem", "did you mean 'time'?")]
    [InlineData("""{"time":5}""", "time", "must be a text")]
    [InlineData("""{"args":"x"}""", "args", "must be an array")]
    [InlineData("""{"enabled":1}""", "enabled", "must be true or false")]
    public async Task What_can_not_be_read_is_named_too(string change, string field, string says)
    {
        var reply = await _api.PostAsync("jobs", await With(change));
        reply.Problem(400, "malformed-request");
        Assert.Contains(says, reply.Error(field), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_is_wrong_is_told_at_once()
    {
        var reply = await _api.PostAsync("jobs", """{"time":"x","timezone":"Mars","retries":1,"bogus":2}""");
        var errors = reply.Problem(400, "malformed-request")["errors"]!.AsObject();
        Assert.Equal(["bogus", "retries", "script_location", "script_type", "time", "timezone"], errors.Select(pair => pair.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{\"time\":\"a\",\"time\":\"b\"}")]
    [InlineData("{\"time\":\"\\ud800\"}")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("// no\n{}")]
    public async Task A_body_that_is_no_json_object_is_malformed(string body) => (await _api.PostAsync("jobs", body)).Problem(400, "malformed-json");

    [Fact]
    public async Task A_body_too_deep_or_too_large_is_refused()
    {
        (await _api.PostAsync("jobs", "{\"a\":" + new string('[', 40) + new string(']', 40) + "}")).Problem(400, "malformed-json");
        (await _api.PostAsync("jobs", "{\"a\":\"" + new string('x', 1024 * 1024) + "\"}")).Problem(413, "body-too-large");
        using var chunked = new StreamContent(new MemoryStream(new byte[1024 * 1024 + 1]));
        chunked.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var reply = await _api.SendAsync("POST", "jobs", chunked, ("Transfer-Encoding", "chunked"));
        Assert.Contains("1 MiB", (string)reply.Problem(413, "body-too-large")["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task A_body_of_another_media_type_is_refused(string? type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("{}"));
        content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
        Assert.Contains("application/json", (string)(await _api.SendAsync("POST", "jobs", content)).Problem(415, "unsupported-media-type")["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_belongs_to_one_job_until_that_is_gone()
    {
        var name = Name();
        var first = await _api.CreateAsync(more: new { name });
        var second = await _api.CreateAsync();
        Assert.Equal((string?)first["job_id"], (string?)(await _api.PostAsync("jobs", await With($$"""{"name":"{{name}}"}"""))).Problem(409, "name-taken")["job_id"]);
        (await _api.PatchAsync($"jobs/{second["job_id"]}", new { name })).Problem(409, "name-taken");
        (await _api.DeleteAsync($"jobs/{first["job_id"]}")).Ok(204);
        Assert.Equal(name, (string?)(await _api.PatchAsync($"jobs/{second["job_id"]}", new { name })).Ok().Json["name"]);
    }

    [Fact]
    public async Task A_job_is_not_sent_again_to_who_has_it()
    {
        var job = await _api.CreateAsync();
        var reply = (await _api.GetAsync($"jobs/{job["job_id"]}", ("If-None-Match", "\"v1\""))).Ok(304);
        Assert.Equal(("\"v1\"", 0), (reply.Header("ETag"), reply.Body.Length));
        (await _api.GetAsync($"jobs/{job["job_id"]}", ("If-None-Match", "\"v2\""))).Ok();
    }

    [Fact]
    public async Task An_update_replaces_the_whole_spec()
    {
        var job = await _api.CreateAsync(more: new { name = Name(), args = new[] { "a" }, timezone = "Europe/Lisbon" });
        var reply = (await _api.PutAsync($"jobs/{job["job_id"]}", new { time = "@hourly", script_type = "python", script_location = (string)job["script_location"]! })).Ok();
        Assert.Equal(("@hourly", 2, "UTC", "\"v2\""), ((string)reply.Json["time"]!, (int)reply.Json["version"]!, (string)reply.Json["timezone"]!, reply.Header("ETag")));
        Assert.Null(reply.Json["name"]);
        Assert.Empty(reply.Json["args"]!.AsArray());
        (await _api.PutAsync($"jobs/{job["job_id"]}", new { time = "@hourly" })).Problem(400, "malformed-request");
        (await _api.PutAsync("jobs/nosuchjob", new { time = "@hourly" })).Problem(404, "not-found");
    }

    [Fact]
    public async Task A_patch_changes_only_what_it_names()
    {
        var name = Name();
        var job = await _api.CreateAsync(more: new { name, args = new[] { "a" }, env = new { A = "1", B = "2" }, timeout_seconds = 5 });
        var patched = (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"env":{"A":null,"C":"3"},"timeout_seconds":null,"time":"@daily"}""")).Ok().Json;
        Assert.Equal(("@daily", name, null), ((string)patched["time"]!, (string)patched["name"]!, (double?)patched["timeout_seconds"]));
        Assert.Equal("""{"B":"2","C":"3"}""", patched["env"]!.ToJsonString());
        Assert.Equal("""["a"]""", patched["args"]!.ToJsonString());
        (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"time":null}""")).Problem(400, "malformed-request");
        (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"version":7}""")).Problem(400, "malformed-request");
        (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"time":"@nonsense"}""")).Problem(422, "invalid-request");
        (await _api.PatchAsync("jobs/nosuchjob", "{}")).Problem(404, "not-found");
    }

    [Fact]
    public async Task An_update_of_an_old_version_is_refused()
    {
        var job = await _api.CreateAsync();
        var path = $"jobs/{job["job_id"]}";
        (await _api.PatchAsync(path, """{"time":"@daily"}""", ("If-Match", "\"v1\""))).Ok();
        Assert.Equal("\"v2\"", (string?)(await _api.PatchAsync(path, """{"time":"@weekly"}""", ("If-Match", "\"v1\""))).Problem(412, "version-mismatch")["current_etag"]);
        (await _api.PutAsync(path, await With("{}"), ("If-Match", "\"v1\""))).Problem(412, "version-mismatch");
        (await _api.PutAsync(path, await With("{}"), ("If-Match", "\"v2\""))).Ok();
        (await _api.PutAsync(path, await With("{}"), ("If-Match", "*"))).Ok();
    }

    [Fact]
    public async Task Patches_that_race_all_take_effect()
    {
        var job = await _api.CreateAsync();
        var replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => _api.PatchAsync($"jobs/{job["job_id"]}", $$"""{"labels":{"l{{i}}":"x"} }""")));
        Assert.All(replies, reply => reply.Ok());
        Assert.Equal(4, (await _api.GetAsync($"jobs/{job["job_id"]}")).Json["labels"]!.AsObject().Count);
    }

    [Fact]
    public async Task A_job_whose_script_is_gone_can_still_be_renamed()
    {
        var job = await _api.CreateAsync("print('to be deleted')");
        Assert.True(Dcron.Storage.Objects.ObjectLocation.TryParse((string)job["script_location"]!, out var location, out _));
        Assert.True(await shared.Node.Objects.DeleteAsync(location));
        (await _api.PatchAsync($"jobs/{job["job_id"]}", new { name = Name() })).Ok();
    }

    [Fact]
    public async Task A_paused_job_has_no_next_fire_times_until_it_is_resumed()
    {
        var job = await _api.CreateAsync();
        var paused = (await _api.PostAsync($"jobs/{job["job_id"]}/pause")).Ok().Json;
        Assert.False((bool)paused["enabled"]!);
        Assert.Empty(paused["next_fire_times"]!.AsArray());
        var resumed = (await _api.PostAsync($"jobs/{job["job_id"]}/resume")).Ok().Json;
        Assert.True((bool)resumed["enabled"]!);
        Assert.Equal(5, resumed["next_fire_times"]!.AsArray().Count);
    }

    [Fact]
    public async Task Each_version_is_listed_with_the_time_it_took_effect()
    {
        var job = await _api.CreateAsync();
        (await _api.PatchAsync($"jobs/{job["job_id"]}", """{"time":"@daily"}""")).Ok();
        var current = (await _api.PostAsync($"jobs/{job["job_id"]}/pause")).Ok().Json;
        var versions = (await _api.GetAsync($"jobs/{job["job_id"]}/versions")).Ok().Json.AsArray();
        Assert.Equal([1, 2, 3], versions.Select(version => (int)version!["version"]!));
        Assert.Equal(["0 0 1 1 *", "@daily", "@daily"], versions.Select(version => (string)version!["time"]!));
        Assert.Equal((string?)job["created_at"], (string?)versions[0]!["effective_at"]);
        Assert.Equal((string?)current["updated_at"], (string?)versions[2]!["effective_at"]);
        Assert.False((bool)versions[2]!["enabled"]!);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/pause")]
    [InlineData("POST", "/resume")]
    [InlineData("POST", "/run")]
    [InlineData("GET", "/versions")]
    [InlineData("GET", "/executions")]
    public async Task What_does_not_exist_is_not_found(string method, string path)
    {
        (await _api.SendAsync(method, $"jobs/01k0000000000000zzzz{path}", null)).Problem(404, "not-found");
        (await _api.SendAsync(method, $"jobs/No%20Id{path}", null)).Problem(404, "not-found");
        var job = await _api.CreateAsync();
        (await _api.DeleteAsync($"jobs/{job["job_id"]}")).Ok(204);
        (await _api.SendAsync(method, $"jobs/{job["job_id"]}{path}", null)).Problem(404, "not-found");
    }

    [Fact]
    public async Task Unknown_addresses_and_methods_are_problems_too()
    {
        (await _api.GetAsync("/nowhere")).Problem(404, "not-found");
        (await _api.GetAsync("jobz")).Problem(404, "not-found");
        Assert.Contains("PATCH", (string)(await _api.PostAsync("jobs/abc", "{}")).Problem(405, "method-not-allowed")["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_problem_looks_like_this()
    {
        var reply = await _api.PostAsync("jobs", """{"script_type":"python","script_location":"s3://dcron/x","time":"* * * *"}""");
        Assert.Equal("no-store", reply.Header("Cache-Control"));
        var problem = reply.Problem(422, "invalid-request").AsObject();
        Assert.Equal(["type", "title", "status", "detail", "errors"], problem.Select(pair => pair.Key));
        Assert.IsType<JsonArray>(problem["errors"]!["time"]);
    }

    private static string Name() => "n" + Guid.NewGuid().ToString("N");

    private async Task<JsonObject> With(string change)
    {
        var job = new JsonObject { ["time"] = "0 0 1 1 *", ["script_type"] = "python", ["script_location"] = await _api.UploadAsync("print('x')") };
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject().ToList())
            job[name] = value?.DeepClone();
        return job;
    }
}

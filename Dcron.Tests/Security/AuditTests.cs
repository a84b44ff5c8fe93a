using System.Text.Json.Nodes;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

public sealed class AuditTests(KeyedNode keyed) : IClassFixture<KeyedNode>, IDisposable
{
    private readonly ApiClient _admin = keyed.Node.Client(KeyedNode.AdminKey);

    public void Dispose() => _admin.Dispose();

    [Fact]
    public async Task Each_change_of_a_job_says_who_made_it_from_where_and_what_it_was_before()
    {
        var made = (await _admin.PostAsync("keys", new { name = "the pipeline", role = "operator" })).Ok(201).Json;
        using var pipeline = keyed.Node.Client((string)made["key"]!);
        var job = (string)(await pipeline.CreateAsync(more: new { name = "audited" }))["job_id"]!;
        (await pipeline.PatchAsync($"jobs/{job}", new { time = "0 5 * * *" })).Ok();
        (await pipeline.PostAsync($"jobs/{job}/pause")).Ok();
        (await pipeline.PostAsync($"jobs/{job}/run")).Ok(202);
        (await pipeline.PatchAsync($"jobs/{job}", new { time = "0 6 * * *" }, ("If-Match", "\"v1\""))).Problem(412, "version-mismatch");
        (await pipeline.DeleteAsync($"jobs/{job}")).Ok(204);

        var records = await RecordsAsync($"job:{job}", 5);
        Assert.Equal(["delete_job", "run_job", "pause_job", "patch_job", "create_job"], records.Select(record => (string?)record!["action"]));
        Assert.All(records, record =>
        {
            Assert.Equal(((string?)made["key_id"], "the pipeline", "127.0.0.1", "done", "default"), (
                (string?)record!["actor_id"], (string?)record["actor"], (string?)record["address"], (string?)record["outcome"], (string?)record["namespace"]));
        });
        var (patched, created, deleted) = (records[3]!, records[4]!, records[0]!);
        Assert.Equal(("0 0 1 1 *", "0 5 * * *"), ((string?)patched["before"]!["time"], (string?)patched["after"]!["time"]));
        Assert.Null(created["before"]);
        Assert.Equal("audited", (string?)created["after"]!["name"]);
        Assert.Equal("0 5 * * *", (string?)deleted["before"]!["time"]);
        Assert.Null(deleted["after"]);
    }

    [Fact]
    public async Task Keys_secrets_and_workers_are_audited_without_what_is_secret()
    {
        var made = (await _admin.PostAsync("keys", new { name = "short-lived", role = "viewer", namespaces = new[] { "payments" }, expires_at = "2100-01-01T00:00:00Z" })).Ok(201).Json;
        (await _admin.DeleteAsync($"keys/{made["key_id"]}")).Ok(204);
        (await _admin.PutAsync("secrets/audited", new { value = "a value that is nobody's business" })).Ok(201);
        (await _admin.PutAsync("secrets/audited", new { value = "another value that is nobody's business" })).Ok();
        (await _admin.DeleteAsync("secrets/audited")).Ok(204);
        var worker = (string)(await _admin.GetAsync("workers")).Ok().Json[0]!["worker_id"]!;
        (await _admin.PostAsync($"workers/{Uri.EscapeDataString(worker)}/drain")).Ok(202);
        (await _admin.PostAsync($"workers/{Uri.EscapeDataString(worker)}/undrain")).Ok(202);

        var keys = await RecordsAsync($"key:{made["key_id"]}", 2);
        Assert.Equal(["payments"], keys[1]!["after"]!["namespaces"]!.AsArray().Select(name => (string?)name));
        Assert.Equal("short-lived", (string?)keys[0]!["before"]!["name"]);
        var secrets = await RecordsAsync("secret:default/audited", 3);
        Assert.Equal((1, 2), ((int)secrets[1]!["before"]!["version"]!, (int)secrets[1]!["after"]!["version"]!));
        var workers = await RecordsAsync($"worker:{worker}", 2);
        Assert.Equal(("active", "draining"), ((string?)workers[1]!["before"]!["state"], (string?)workers[1]!["after"]!["state"]));

        var all = (await _admin.GetAsync("audit?limit=500")).Ok().Text;
        Assert.DoesNotContain("nobody's business", all, StringComparison.Ordinal);
        Assert.DoesNotContain(((string)made["key"]!).Split('_')[2], all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_is_audited_by_the_place_that_it_goes_to_whoever_sees_all_alone()
    {
        var stored = (await _admin.SendAsync("POST", "scripts?name=audited.py", new StringContent("print('audited')"))).Ok(201).Json;
        var location = (string)stored["script_location"]!;
        Assert.EndsWith("/audited.py", location, StringComparison.Ordinal);
        var record = (await RecordsAsync($"script:{location}", 1))[0]!;
        Assert.Equal(("store_script", "done"), ((string?)record["action"], (string?)record["outcome"]));

        var made = (await _admin.PostAsync("keys", new { name = "of one", role = "admin", namespaces = new[] { "payments" } })).Ok(201).Json;
        using var limited = keyed.Node.Client((string)made["key"]!);
        Assert.DoesNotContain((string)stored["sha256"]!, (await limited.GetAsync("audit?limit=500")).Ok().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_changed_where_the_audit_can_t_be_written()
    {
        var job = (string)(await _admin.CreateAsync())["job_id"]!;
        keyed.Node.Documents.FailWrites = collection => collection.StartsWith("audit-", StringComparison.Ordinal);
        try
        {
            (await _admin.PatchAsync($"jobs/{job}", new { time = "0 5 * * *" })).Problem(503, "unavailable");
            (await _admin.DeleteAsync($"jobs/{job}")).Problem(503, "unavailable");
            (await _admin.PutAsync("secrets/unaudited", new { value = "some value" })).Problem(503, "unavailable");
            (await _admin.SendAsync("POST", "scripts?name=unaudited.py", new StringContent("print('unaudited')"))).Problem(503, "unavailable");
        }
        finally
        {
            keyed.Node.Documents.FailWrites = null;
        }

        Assert.Equal("0 0 1 1 *", (string?)(await _admin.GetAsync($"jobs/{job}")).Ok().Json["time"]);
        (await _admin.DeleteAsync("secrets/unaudited")).Problem(404, "not-found");
    }

    [Fact]
    public async Task A_change_whose_end_could_not_be_written_shows_as_unknown()
    {
        var job = (string)(await _admin.CreateAsync())["job_id"]!;
        var records = 0;
        keyed.Node.Documents.FailWrites = collection => collection.StartsWith("audit-", StringComparison.Ordinal) && Interlocked.Increment(ref records) > 1;
        try
        {
            (await _admin.PatchAsync($"jobs/{job}", new { time = "0 5 * * *" })).Ok();
            await keyed.Node.Log.UntilAsync("could not be added to the audit");
        }
        finally
        {
            keyed.Node.Documents.FailWrites = null;
        }

        var record = (await _admin.GetAsync($"audit?target=job:{job}&action=patch_job")).Ok().Json.AsArray().Single()!;
        Assert.Equal("unknown", (string?)record["outcome"]);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("cursor=abc")]
    [InlineData("who=me")]
    [InlineData("from=yesterday")]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")]
    public async Task A_question_that_can_t_be_read_is_refused(string query) => Assert.InRange((await _admin.GetAsync("audit?" + query)).Status, 400, 422);

    /// <summary>The end of a call is written after it was answered.</summary>
    private async Task<JsonArray> RecordsAsync(string target, int count)
    {
        var reply = await _admin.UntilAsync(
            $"audit?target={Uri.EscapeDataString(target)}", reply => reply.Ok().Json.AsArray() is { } found && found.Count == count && found.All(record => (string?)record!["outcome"] != "unknown"));
        return reply.Json.AsArray();
    }
}

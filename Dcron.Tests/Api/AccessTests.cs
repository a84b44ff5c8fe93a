using System.Net;
using System.Text;
using Microsoft.Extensions.Options;

namespace Dcron.Tests.Api;

/// <summary>A node that asks for keys.</summary>
public sealed class KeyedNode : IAsyncLifetime
{
    public const string AdminKey = "an-admin-key-for-tests-only";

    public ApiNode Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", AdminKey);

    public async Task DisposeAsync() => await Node.DisposeAsync();
}

public sealed class AccessTests(KeyedNode shared) : IClassFixture<KeyedNode>, IDisposable
{
    private readonly ApiClient _admin = shared.Node.Client(KeyedNode.AdminKey);
    private readonly ApiClient _nobody = shared.Node.Client();

    public static TheoryData<string, string, string> Calls => new()
    {
        { "GET", "jobs", "viewer" }, { "GET", "jobs/x", "viewer" }, { "GET", "jobs/x/versions", "viewer" }, { "GET", "jobs/x/executions", "viewer" },
        { "GET", "executions", "viewer" }, { "GET", "executions/x", "viewer" }, { "GET", "executions/x/log", "viewer" }, { "HEAD", "executions/x/log", "viewer" },
        { "GET", "workers", "viewer" }, { "GET", "schedule/preview?time=@daily", "viewer" }, { "GET", "verify?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", "viewer" },
        { "GET", "/metrics", "viewer" }, { "GET", "/openapi/v1.json", "viewer" }, { "GET", "/", "viewer" }, { "GET", "/nowhere", "viewer" },
        { "POST", "jobs", "operator" }, { "PUT", "jobs/x", "operator" }, { "PATCH", "jobs/x", "operator" }, { "DELETE", "jobs/x", "operator" },
        { "POST", "jobs/x/pause", "operator" }, { "POST", "jobs/x/resume", "operator" }, { "POST", "jobs/x/run", "operator" }, { "POST", "jobs/x/backfill", "operator" },
        { "GET", "jobs/x/backfills", "viewer" }, { "POST", "jobs/x/backfills/1/cancel", "operator" }, { "POST", "executions/x/rerun", "operator" },
        { "POST", "executions/x/cancel", "operator" }, { "POST", "scripts?name=", "operator" },
        { "GET", "keys", "admin" }, { "POST", "keys", "admin" }, { "DELETE", "keys/x", "admin" }, { "POST", "workers/x/drain", "admin" }, { "POST", "workers/x/undrain", "admin" },
        { "GET", "/dashboard/", "admin" }, { "GET", "/dashboard/DashboardCounters", "admin" }, { "GET", "/dashboard/Trace", "admin" },
    };

    public void Dispose()
    {
        _admin.Dispose();
        _nobody.Dispose();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Each_call_takes_its_role(string method, string path, string needed)
    {
        var anonymous = await _nobody.SendAsync(method, path, null);
        Assert.Equal(401, anonymous.Status);
        Assert.StartsWith("Bearer", anonymous.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        string[] roles = ["viewer", "operator", "admin"];
        foreach (var role in roles)
        {
            using var client = shared.Node.Client(await KeyAsync(role));
            if (path.EndsWith("Trace", StringComparison.Ordinal) && role == "admin")
                continue; // it streams for an hour

            var reply = await client.SendAsync(method, path, null);
            if (Array.IndexOf(roles, role) < Array.IndexOf(roles, needed))
                Assert.Equal(needed, (string?)reply.Problem(403, "role-too-small")["required_role"]);
            else
                Assert.DoesNotContain(reply.Status, new[] { 401, 403, 500, 503 });
        }
    }

    [Theory]
    [InlineData("/healthz/live")]
    [InlineData("/healthz/ready")]
    public async Task Health_is_told_to_everybody(string path)
    {
        (await _nobody.GetAsync(path)).Ok();
        using var stranger = shared.Node.Client("dcron_abc_0123456789012345678901234567890123456789012");
        (await stranger.GetAsync(path)).Ok();
    }

    [Fact]
    public async Task A_key_is_shown_once_works_and_is_worthless_once_revoked()
    {
        var created = (await _admin.PostAsync("keys", new { name = "deploy", role = "viewer" })).Ok(201);
        var (id, key) = ((string)created.Json["key_id"]!, (string)created.Json["key"]!);
        Assert.StartsWith($"dcron_{id}_", key, StringComparison.Ordinal);
        Assert.Equal(("no-store", $"/api/v1/keys/{id}"), (created.Header("Cache-Control"), created.Header("Location")));
        using var client = shared.Node.Client(key);
        (await client.GetAsync("jobs")).Ok();
        using var wrong = shared.Node.Client(key[..^1] + (key[^1] == 'a' ? 'b' : 'a'));
        (await wrong.GetAsync("jobs")).Problem(401, "key-needed");

        var listed = (await _admin.GetAsync("keys")).Ok();
        Assert.Contains(listed.Json.AsArray(), item => (string?)item!["key_id"] == id && (string?)item["name"] == "deploy" && (string?)item["role"] == "viewer");
        Assert.DoesNotContain(key.Split('_')[2], listed.Text, StringComparison.Ordinal);
        var stored = await shared.Node.Documents.GetAsync("api_keys", id);
        Assert.DoesNotContain(key.Split('_')[2], Encoding.UTF8.GetString(stored!.Body.Span), StringComparison.Ordinal);

        (await _admin.DeleteAsync($"keys/{id}")).Ok(204);
        var refused = await client.GetAsync("jobs");
        refused.Problem(401, "key-needed");
        Assert.Contains("invalid_token", refused.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        (await _admin.DeleteAsync($"keys/{id}")).Problem(404, "not-found");
    }

    [Fact]
    public async Task A_repeated_creation_shows_the_same_key_and_its_secret_stands_nowhere()
    {
        var header = ("Idempotency-Key", Guid.NewGuid().ToString("N"));
        var first = (await _admin.PostAsync("keys", new { name = "again", role = "viewer" }, header)).Ok(201);
        Assert.Equal(first.Text, (await _admin.PostAsync("keys", new { name = "again", role = "viewer" }, header)).Ok(201).Text);
        var secret = ((string)first.Json["key"]!).Split('_')[2];
        var files = Directory.GetFiles(shared.Node.DataPath, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.Latin1);
            var content = await reader.ReadToEndAsync();
            Assert.DoesNotContain(secret, content, StringComparison.Ordinal);
            Assert.DoesNotContain(KeyedNode.AdminKey, content, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(KeyedNode.AdminKey, shared.Node.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"x"}""", 400, "role")]
    [InlineData("""{"role":"viewer"}""", 400, "name")]
    [InlineData("""{"name":"x","role":"viewer","scope":1}""", 400, "scope")]
    [InlineData("""{"name":1,"role":"viewer"}""", 400, "name")]
    [InlineData("""{"name":"","role":"viewer"}""", 422, "name")]
    [InlineData("""{"name":"x","role":"root"}""", 422, "role")]
    [InlineData("""{"name":"a\u202eb","role":"viewer"}""", 422, "name")]
    public async Task A_key_needs_a_name_and_a_role(string body, int status, string field)
    {
        var reply = await _admin.PostAsync("keys", body);
        Assert.Equal(status, reply.Status);
        Assert.NotEmpty(reply.Error(field));
    }

    [Fact]
    public async Task A_browser_is_sent_to_sign_in_and_a_password_may_be_the_key()
    {
        var asked = await _nobody.GetAsync("/jobs?name=x", ("Accept", "text/html"));
        Assert.Equal((302, "/signin?return=%2Fjobs%3Fname%3Dx"), (asked.Status, asked.Header("Location")));
        var password = Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + KeyedNode.AdminKey));
        (await _nobody.GetAsync("/", ("Authorization", "Basic " + password))).Ok();
        (await _nobody.PostAsync("keys", "{}", ("Authorization", "Basic " + password), ("Origin", "http://evil.org"))).Problem(403, "foreign-origin");
    }

    [Fact]
    public async Task Keys_of_two_callers_do_not_share_idempotency()
    {
        using var other = shared.Node.Client(await KeyAsync("admin"));
        var header = ("Idempotency-Key", Guid.NewGuid().ToString("N"));
        var body = new { name = "mine", role = "viewer" };
        var first = (await _admin.PostAsync("keys", body, header)).Ok(201);
        Assert.NotEqual((string?)first.Json["key_id"], (string?)(await other.PostAsync("keys", body, header)).Ok(201).Json["key_id"]);
    }

    [Fact]
    public async Task Where_keys_are_needed_any_host_name_will_do() => (await _admin.GetAsync("jobs", ("Host", "dcron.example.org"))).Ok();

    private async Task<string> KeyAsync(string role) => (string)(await _admin.PostAsync("keys", new { name = role, role })).Ok(201).Json["key"]!;
}

public sealed class ListeningTests
{
    [Theory]
    [InlineData("http://0.0.0.0:0", null, null, "Dcron:Api:AdminKey")]
    [InlineData("http://*:0", null, null, "Dcron__Api__AdminKey")]
    [InlineData("http://0.0.0.0:0", "false", "a-key-of-sixteen-characters", "RequireKey is false")]
    [InlineData("http://127.0.0.1:0", "true", null, "there is no key yet")]
    [InlineData("http://127.0.0.1:0", null, "short", "16 to 256")]
    public async Task A_node_that_would_be_open_refuses_to_start_and_says_how_to_go_on(string urls, string? require, string? adminKey, string says)
    {
        List<string> settings = ["--urls", urls];
        if (require is not null)
            settings.AddRange(["--Dcron:Api:RequireKey", require]);
        if (adminKey is not null)
            settings.AddRange(["--Dcron:Api:AdminKey", adminKey]);
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => ApiNode.StartAsync([.. settings]));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
        if (adminKey is not null)
            Assert.DoesNotContain(adminKey, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beyond_loopback_every_call_needs_a_key_without_being_told()
    {
        await using var node = await ApiNode.StartAsync("--urls", "http://0.0.0.0:0", "--Dcron:Api:AdminKey", KeyedNode.AdminKey);
        using var nobody = node.Client();
        (await nobody.GetAsync("jobs")).Problem(401, "key-needed");
        using var admin = node.Client(KeyedNode.AdminKey);
        (await admin.GetAsync("jobs")).Ok();
    }

    [Fact]
    public async Task Switched_off_it_opens_no_port()
    {
        var port = Ports.Free();
        await using var node = await ApiNode.StartSilentAsync("--urls", $"http://127.0.0.1:{port}", "--Dcron:Api:Enabled", "false");
        using var client = new System.Net.Sockets.TcpClient();
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => client.ConnectAsync(IPAddress.Loopback, port));
    }
}

using System.Security.Cryptography;

namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class OtherCallTests(OpenNode shared) : IDisposable
{
    private readonly ApiClient _api = shared.Node.Client();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_script_is_stored_under_what_it_is()
    {
        var bytes = new byte[70_000];
        RandomNumberGenerator.Fill(bytes);
        var reply = (await _api.SendAsync("POST", "scripts?name=odd%20name.rb", new ByteArrayContent(bytes))).Ok(201);
        Assert.Equal((Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length), ((string)reply.Json["sha256"]!, (int)reply.Json["size"]!));
        Assert.StartsWith("s3://", (string)reply.Json["script_location"]!, StringComparison.Ordinal);
        Assert.Equal(reply.Text, (await _api.SendAsync("POST", "scripts?name=odd%20name.rb", new ByteArrayContent(bytes))).Ok(201).Text);
        (await _api.SendAsync("POST", "scripts", new ByteArrayContent(bytes))).Ok(201);
    }

    [Fact]
    public async Task A_script_that_is_empty_or_too_large_is_refused()
    {
        (await _api.SendAsync("POST", "scripts?name=a.py", new ByteArrayContent([]))).Problem(422, "invalid-request");
        (await _api.SendAsync("POST", "scripts?name=a.py", new ByteArrayContent(new byte[16 * 1024 * 1024]))).Ok(201);
        Assert.Contains("16 MiB", (string)(await _api.SendAsync("POST", "scripts?name=a.py", new ByteArrayContent(new byte[16 * 1024 * 1024 + 1]))).Problem(413, "body-too-large")["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a%2Fb.py")]
    [InlineData("a%5Cb.py")]
    [InlineData("a%00b.py")]
    [InlineData("")]
    public async Task A_scripts_name_is_a_plain_file_name(string name) =>
        Assert.Contains("plain file name", (await _api.SendAsync("POST", $"scripts?name={name}", new StringContent("x"))).Error("name"), StringComparison.Ordinal);

    [Fact]
    public async Task Workers_are_listed_drained_and_undrained()
    {
        var worker = Assert.Single((await _api.GetAsync("workers")).Ok().Json.AsArray())!;
        Assert.Equal(["worker_id", "host", "slots", "running", "interpreters", "labels", "state", "leads", "clock_offset_seconds", "containment"], worker.AsObject().Select(pair => pair.Key));
        Assert.Equal((4, "active", true), ((int)worker["slots"]!, (string)worker["state"]!, (bool)worker["leads"]!));
        Assert.NotEmpty((string)worker["interpreters"]!["python"]!);
        var path = $"workers/{Uri.EscapeDataString((string)worker["worker_id"]!)}";
        Assert.Equal("draining", (string?)(await _api.PostAsync($"{path}/drain")).Ok(202).Json["state"]);
        await _api.UntilAsync("workers", reply => (string?)reply.Json[0]!["state"] == "draining");
        Assert.Equal("active", (string?)(await _api.PostAsync($"{path}/undrain")).Ok(202).Json["state"]);
        await _api.UntilAsync("workers", reply => (string?)reply.Json[0]!["state"] == "active");
        (await _api.PostAsync("workers/10.0.0.1%3A1%401/drain")).Problem(404, "not-found");
        (await _api.PostAsync("workers/nobody/undrain")).Problem(404, "not-found");
    }

    [Fact]
    public async Task A_schedule_is_previewed_in_words_and_times()
    {
        var preview = (await _api.GetAsync("schedule/preview?time=0%202%20*%20*%20*&timezone=Europe%2FLisbon&count=400")).Status;
        Assert.Equal(400, preview);
        var json = (await _api.GetAsync("schedule/preview?time=0%202%20*%20*%20*&timezone=Europe%2FLisbon&count=100")).Ok().Json;
        Assert.NotEmpty((string)json["description"]!);
        Assert.Equal(100, json["fire_times"]!.AsArray().Count);
        Assert.All(json["local_times"]!.AsArray(), local => Assert.Matches(@"T02:00:00\+0[01]:00$", (string)local!));
        Assert.Equal(json["fire_times"]!.AsArray().Select(time => (DateTimeOffset)time!), json["local_times"]!.AsArray().Select(time => (DateTimeOffset)time!));
        Assert.Equal(5, (await _api.GetAsync("schedule/preview?time=@daily")).Ok().Json["fire_times"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_schedule_that_is_wrong_says_how_it_would_be_right()
    {
        var reply = await _api.GetAsync("schedule/preview?time=31%202%20*&timezone=Mars");
        reply.Problem(422, "invalid-request");
        Assert.NotEmpty(reply.Error("time"));
        Assert.Contains("IANA", reply.Error("timezone"), StringComparison.Ordinal);
        Assert.Contains("never fires", (await _api.GetAsync("schedule/preview?time=0%200%2031%202%20*")).Error("time"), StringComparison.Ordinal);
        (await _api.GetAsync("schedule/preview")).Problem(400, "malformed-request");
    }

    [Fact]
    public async Task A_node_tells_that_it_lives_and_is_ready()
    {
        Assert.Equal("live", (string?)(await _api.GetAsync("/healthz/live")).Ok().Json["status"]);
        var ready = (await _api.GetAsync("/healthz/ready")).Ok();
        Assert.Equal("""{"status":"ready","checks":{"cluster":"ok","documents":"ok","objects":"ok","worker":"ok"}}""", ready.Text);
        Assert.Equal("no-store", ready.Header("Cache-Control"));
    }

    [Fact]
    public async Task Figures_are_there_for_prometheus()
    {
        var text = (await _api.GetAsync("/metrics")).Ok().Text;
        Assert.Contains("process_cpu_seconds_total", text, StringComparison.Ordinal);
        Assert.Contains("http_server_request_duration", text, StringComparison.Ordinal);
        Assert.Contains("dcron_launches_waiting", text, StringComparison.Ordinal);
        Assert.DoesNotContain("microsoft_orleans", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_dashboard_and_the_start_page_are_there_with_their_policies()
    {
        Assert.Equal("/dashboard/", (await _api.GetAsync("/dashboard")).Header("Location"));
        var dashboard = (await _api.GetAsync("/dashboard/")).Ok();
        Assert.StartsWith("text/html", dashboard.Header("Content-Type")!, StringComparison.Ordinal);
        (await _api.GetAsync("/dashboard/DashboardCounters")).Ok();
        var id = await _api.StartAsync("print(1)");
        await _api.EndOfAsync(id);
        var page = (await _api.GetAsync("/")).Ok();
        Assert.Contains("<title>Overview", page.Text, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page.Header("Content-Security-Policy")!, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", page.Header("Content-Security-Policy")!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_counts_for_the_dashboard_once_somebody_has_looked_at_it()
    {
        var silo = (string)(await _api.GetAsync("workers")).Ok().Json[0]!["worker_id"]!;
        (await _api.GetAsync("/dashboard/")).Ok();
        await _api.UntilAsync($"/dashboard/SiloCounters/{Uri.EscapeDataString(silo)}", reply => reply is { Status: 200, Json: System.Text.Json.Nodes.JsonArray { Count: > 0 } });
    }

    [Fact]
    public async Task Answers_tell_browsers_to_be_careful_and_no_one_what_serves_them()
    {
        foreach (var path in (string[])["jobs", "/nowhere", "/", "/healthz/live", "/openapi/v1.json"])
        {
            var reply = await _api.GetAsync(path);
            Assert.Equal(("nosniff", "DENY", "no-referrer", null),
                (reply.Header("X-Content-Type-Options"), reply.Header("X-Frame-Options"), reply.Header("Referrer-Policy"), reply.Header("Server")));
            Assert.NotNull(reply.Header("Content-Security-Policy"));
        }
    }

    [Fact]
    public async Task Another_sites_page_can_not_use_a_node_that_asks_no_key()
    {
        (await _api.GetAsync("jobs", ("Host", "evil.example.org"))).Problem(403, "foreign-host");
        (await _api.GetAsync("jobs", ("Host", "localhost:1234"))).Ok();
        (await _api.PostAsync("jobs", "{}", ("Origin", "http://evil.example.org"))).Problem(403, "foreign-origin");
        (await _api.SendAsync("POST", "scripts", new StringContent("x"), ("Sec-Fetch-Site", "cross-site"))).Problem(403, "foreign-origin");
        (await _api.SendAsync("POST", "scripts", new StringContent("x"), ("Sec-Fetch-Site", "same-origin"))).Ok(201);
    }
}

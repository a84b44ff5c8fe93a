using System.Net;
using System.Net.Sockets;
using System.Text;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

public sealed class InputTests
{
    [Fact]
    public async Task A_caller_that_makes_too_many_calls_is_told_when_to_come_back_and_others_go_on()
    {
        await using var node = await ApiNode.StartAsync(
            "--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey, "--Dcron:Api:RateLimit:PerSecond", "1", "--Dcron:Api:RateLimit:Burst", "30");
        using var admin = node.Client(KeyedNode.AdminKey);
        var key = (string)(await admin.PostAsync("keys", new { name = "busy", role = "viewer" })).Ok(201).Json["key"]!;
        using var busy = node.Client(key);
        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => busy.GetAsync("schedule/preview?time=@daily")));
        var refused = replies.First(reply => reply.Status != 200);
        refused.Problem(429, "too-many-calls");
        Assert.True(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture) >= 1);
        Assert.Contains(replies, reply => reply.Status == 200);
        (await admin.GetAsync("jobs")).Ok();
        using var anybody = node.Client();
        (await anybody.GetAsync("/healthz/live")).Ok();
    }

    [Theory]
    [InlineData("GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")] // headers that never end
    [InlineData("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")] // a body that never comes
    public async Task A_client_that_keeps_the_server_waiting_is_hung_up_on(string beginning)
    {
        await using var node = await ApiNode.StartAsync("--Dcron:Api:SlowClients:HeaderSeconds", "1", "--Dcron:Api:SlowClients:GraceSeconds", "2");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, node.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning));
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer); // ends when the server hangs up, and only then
        }
        catch (IOException)
        {
            // It hung up without a word.
        }

        Assert.DoesNotContain(" 200 ", Encoding.ASCII.GetString(answer.ToArray()), StringComparison.Ordinal);
        using var api = node.Client();
        (await api.GetAsync("jobs")).Ok();
    }

    [Theory]
    [InlineData("a%0d%0aSet-Cookie: x=1.py")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("a%00.py")]
    [InlineData("%1b[31m.py")]
    [InlineData("%E2%80%AEyp.exe")] // shown as exe.py
    public async Task A_file_name_can_t_leave_its_place_or_the_header_that_it_stands_in(string name)
    {
        await using var node = await ApiNode.StartAsync();
        using var api = node.Client();
        var reply = await api.SendAsync("POST", $"scripts?name={name}", new StringContent("print()"));
        reply.Problem(422, "invalid-request");
        Assert.Null(reply.Header("Set-Cookie"));
    }

    [Fact]
    public async Task What_a_script_prints_reaches_a_browser_as_plain_text_and_nothing_else()
    {
        await using var node = await ApiNode.StartAsync();
        using var api = node.Client();
        var execution = await api.StartAsync("print('<script>alert(1)</script>\\x1b]0;title\\x07\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n')");
        await api.EndOfAsync(execution);
        var reply = (await api.GetAsync($"executions/{execution}/log")).Ok();
        Assert.Equal("text/plain; charset=utf-8", reply.Header("Content-Type"));
        Assert.Equal("nosniff", reply.Header("X-Content-Type-Options"));
        Assert.Contains("default-src 'none'", reply.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_is_trusted_says_who_calls_and_nobody_else_can()
    {
        await using var open = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey);
        await using var behind = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey, "--Dcron:Api:TrustedProxies:0", "127.0.0.1");
        foreach (var (node, expected) in new[] { (open, "127.0.0.1"), (behind, "192.0.2.7") })
        {
            using var admin = node.Client(KeyedNode.AdminKey);
            (await admin.SendAsync("PUT", "secrets/x", new StringContent("""{"value":"some value"}""", Encoding.UTF8, "application/json"), ("X-Forwarded-For", "192.0.2.7"))).Ok(201);
            Assert.Equal(expected, (string?)(await admin.GetAsync("audit?target=secret:default/x")).Ok().Json[0]!["address"]);
        }
    }

    [Fact]
    public async Task A_bucket_is_for_the_namespaces_that_it_was_allowed_for()
    {
        await using var node = await ApiNode.StartAsync("--Dcron:Objects:AllowedBuckets:team-scripts", "red, green", "--Dcron:Objects:AllowedBuckets:shared", "*");
        foreach (var bucket in new[] { "team-scripts", "shared" })
        {
            Assert.True(Dcron.Storage.Objects.ObjectLocation.TryParse($"s3://{bucket}/a.py", out var location, out _));
            await node.Objects.PutAsync(location, "print()"u8.ToArray(), "text/plain");
        }

        using var api = node.Client();
        foreach (var (inNamespace, bucket, status) in new[] { ("red", "team-scripts", 201), ("green", "team-scripts", 201), ("blue", "team-scripts", 422), ("default", "team-scripts", 422), ("blue", "shared", 201), ("red", "none", 422) })
        {
            var reply = await api.PostAsync("jobs", new { time = "@yearly", script_type = "python", script_location = $"s3://{bucket}/a.py", @namespace = inNamespace });
            Assert.True(status == reply.Status, $"{inNamespace} {bucket}: {reply.Status} {reply.Text}");
        }
    }
}

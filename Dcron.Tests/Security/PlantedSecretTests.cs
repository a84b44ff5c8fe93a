using System.Text;
using System.Text.Json.Nodes;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

/// <summary>Secrets are planted, used by scripts that do what they can to print them, and then looked for wherever something is kept or shown.</summary>
[Collection(OpenNodeCollection.Name)]
public sealed class PlantedSecretTests(OpenNode open)
{
    private const string Script = """
        import base64, os, subprocess, sys, time, urllib.parse, json
        value, path = os.environ["PASSWORD"], os.environ["KEY_FILE"]
        content = open(path).read()
        print("length", len(value), "file", len(content), oct(os.stat(path).st_mode & 0o777))
        print("plain", value, value + value)
        print("base64", base64.b64encode(value.encode()).decode(), base64.b64encode(("me:" + value).encode()).decode())
        print("hex", value.encode().hex(), "url", urllib.parse.quote(value, safe=""), "json", json.dumps(value))
        print("file", content)
        sys.stdout.flush()
        for piece in (value[:5], value[5:9]):  # one secret in three writes, the last by another process on the other stream
            os.write(1, piece.encode())
        subprocess.run([sys.executable, "-c", "import os,sys; os.write(2, sys.argv[1].encode())", value[9:]])
        print("\nthe end")
        raise SystemExit("died with " + value)
        """;

    private readonly string _password = "pw-" + Guid.NewGuid().ToString("N") + "/+\"ü";
    private readonly string _key = $"-----BEGIN KEY-----\n{Guid.NewGuid():N}{Guid.NewGuid():N}\n{Guid.NewGuid():N}\n-----END KEY-----\n";
    private readonly string _tag = Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task No_secret_stands_anywhere_after_a_run_that_printed_it()
    {
        using var api = open.Node.Client();
        await SetAsync(api, $"password-{_tag}", _password);
        await SetAsync(api, $"key-{_tag}", _key);
        var execution = await api.StartAsync(Script, new JsonObject { ["env"] = EnvOf() });
        var end = await api.EndOfAsync(execution);
        Assert.Equal(("failed", 1), ((string?)end["execution_result"], (int?)end["exit_status"]));

        var log = (await api.GetAsync($"executions/{execution}/log")).Ok().Text;
        Assert.Contains($"length {_password.Length} file {_key.Length} 0o600", log, StringComparison.Ordinal); // the script had them
        Assert.Contains("plain *** ***", log, StringComparison.Ordinal);
        Assert.Contains("hex *** url *** json \"***\"", log, StringComparison.Ordinal);
        Assert.Contains("\nthe end\n", log, StringComparison.Ordinal);
        Assert.Contains("died with ***", log, StringComparison.Ordinal);
        await AssertNowhereAsync(api, execution);
    }

    [Fact]
    public async Task A_secret_is_not_shown_while_the_script_that_printed_it_runs()
    {
        using var api = open.Node.Client();
        await SetAsync(api, $"password-{_tag}", _password);
        await SetAsync(api, $"key-{_tag}", _key);
        var script = "import os,sys,time\nprint(os.environ['PASSWORD']); print(open(os.environ['KEY_FILE']).read()); print('shown', flush=True)\ntime.sleep(600)";
        var execution = await api.StartAsync(script, new JsonObject { ["env"] = EnvOf() });
        await api.UntilAsync($"executions/{execution}/log", reply => reply.Text.Contains("shown", StringComparison.Ordinal));
        var log = (await api.GetAsync($"executions/{execution}/log")).Ok().Text;
        Assert.All(Needles(), needle => Assert.DoesNotContain(needle, log, StringComparison.Ordinal));
        (await api.PostAsync($"executions/{execution}/cancel")).Ok(202);
        await api.EndOfAsync(execution);
        await AssertNowhereAsync(api, execution);
    }

    [Fact]
    public async Task A_launch_whose_secret_is_gone_fails_and_says_so()
    {
        using var api = open.Node.Client();
        await SetAsync(api, $"password-{_tag}", _password);
        await SetAsync(api, $"key-{_tag}", _key);
        var job = await api.CreateAsync(Script, new JsonObject { ["env"] = EnvOf() });
        (await api.DeleteAsync($"secrets/key-{_tag}")).Ok(204);
        (await api.DeleteAsync($"secrets/key-{_tag}")).Problem(404, "not-found");
        var execution = (string)(await api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
        var end = await api.EndOfAsync(execution);
        Assert.Equal("failed", (string?)end["execution_result"]);
        Assert.Equal($"The secret 'key-{_tag}' of the namespace 'default', which KEY_FILE asks for, does not exist; set it with `dcron secret set`.", (string?)end["reason"]);
    }

    [Fact]
    public async Task A_job_that_asks_for_a_secret_that_is_not_there_is_not_created()
    {
        using var api = open.Node.Client();
        var location = await api.UploadAsync("print()");
        var reply = await api.PostAsync("jobs", new JsonObject { ["time"] = "@daily", ["script_type"] = "python", ["script_location"] = location, ["env"] = EnvOf() });
        Assert.Equal(422, reply.Status);
        Assert.Contains($"dcron secret set key-{_tag}", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"value":"abc"}""", 422, "value")]
    [InlineData("""{"value":"abc\n"}""", 422, "value")]
    [InlineData("""{"value":5}""", 400, "value")]
    [InlineData("""{"value_base64":"***"}""", 400, "value_base64")]
    [InlineData("""{"value":"abcd","value_base64":"YWJjZA=="}""", 400, "value_base64")]
    [InlineData("{}", 400, "value")]
    public async Task A_value_that_can_t_be_kept_is_refused_by_field(string body, int status, string field)
    {
        using var api = open.Node.Client();
        var reply = await api.PutAsync("secrets/refused", body);
        Assert.Equal(status, reply.Status);
        Assert.NotEmpty(reply.Error(field));
        (await api.DeleteAsync("secrets/refused")).Problem(404, "not-found");
    }

    private JsonObject EnvOf() => new()
    {
        ["PASSWORD"] = new JsonObject { ["secret"] = $"password-{_tag}" },
        ["KEY_FILE"] = new JsonObject { ["secret"] = $"key-{_tag}", ["as"] = "file" },
    };

    private static async Task SetAsync(ApiClient api, string name, string value) => (await api.PutAsync($"secrets/{name}", new { value })).Ok(201);

    private IEnumerable<string> Needles() =>
    [
        _password[..^1], Convert.ToBase64String(Encoding.UTF8.GetBytes(_password))[..^4], Convert.ToHexStringLower(Encoding.UTF8.GetBytes(_password)), _password[9..^1],
        .. _key.Split('\n').Where(line => line.Length >= 32),
    ];

    private async Task AssertNowhereAsync(ApiClient api, string execution)
    {
        var job = execution.Split('@')[0];
        foreach (var path in new[]
        {
            $"jobs/{job}", $"jobs/{job}/versions", "jobs?limit=500", $"jobs/{job}/executions", "executions?limit=500", $"executions/{execution}", $"executions/{execution}/log",
            "secrets", "audit?limit=500", "workers", "keys", "/metrics", "/openapi/v1.json", "/", "/healthz/ready",
        })
        {
            var answer = await api.GetAsync(path);
            Assert.All(Needles(), needle => Assert.False(answer.Text.Contains(needle, StringComparison.Ordinal), $"{path} shows a secret"));
        }

        Assert.All(Needles(), needle => Assert.False(open.Node.Log.Text.Contains(needle, StringComparison.Ordinal), "the node's log shows a secret"));
        var files = Directory.GetFiles(open.Node.DataPath, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).ToList();
        Assert.Contains(files, file => file.Contains("objects", StringComparison.Ordinal));
        foreach (var file in files)
        {
            try
            {
                using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.Latin1);
                var content = await reader.ReadToEndAsync();
                Assert.All(Needles(), needle => Assert.False(content.Contains(needle, StringComparison.Ordinal), $"{file} holds a secret"));
            }
            catch (FileNotFoundException)
            {
                // The node tidies up while we look.
            }
        }
    }
}

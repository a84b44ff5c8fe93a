using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Api;

/// <summary>An answer, read to its end.</summary>
internal sealed record Reply(int Status, HttpResponseMessage Response, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body)!;

    public string? Header(string name) =>
        Response.Headers.TryGetValues(name, out var values) || Response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;

    /// <summary>Checks that this is a whole problem document of a kind.</summary>
    public JsonNode Problem(int status, string type)
    {
        Assert.True(status == Status, $"expected {status}, got {Status}: {Text}");
        Assert.Equal("application/problem+json", Header("Content-Type"));
        Assert.Equal(status, (int)Json["status"]!);
        Assert.Equal("urn:dcron:problem:" + type, (string?)Json["type"]);
        Assert.False(string.IsNullOrWhiteSpace((string?)Json["title"]));
        Assert.False(string.IsNullOrWhiteSpace((string?)Json["detail"]));
        Assert.DoesNotContain("Exception", Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Text, StringComparison.Ordinal);
        return Json;
    }

    /// <summary>The only message about a field.</summary>
    public string Error(string field) => (string)Assert.Single(Json["errors"]![field]!.AsArray())!;

    public Reply Ok(int status = 200)
    {
        Assert.True(status == Status, $"expected {status}, got {Status}: {Text}");
        return this;
    }
}

/// <summary>Calls a node's API.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;

    public ApiClient(ApiNode node, string? key = null)
    {
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = node.Address, Timeout = TimeSpan.FromSeconds(60) };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public HttpClient Http => _http;

    public void Dispose() => _http.Dispose();

    public Task<Reply> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync("GET", path, null, headers);

    public Task<Reply> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) => SendAsync("POST", path, Content(body), headers);

    public Task<Reply> PutAsync(string path, object body, params (string Name, string Value)[] headers) => SendAsync("PUT", path, Content(body), headers);

    public Task<Reply> PatchAsync(string path, object body, params (string Name, string Value)[] headers)
    {
        var content = Content(body)!;
        content.Headers.ContentType = new MediaTypeHeaderValue("application/merge-patch+json");
        return SendAsync("PATCH", path, content, headers);
    }

    public Task<Reply> DeleteAsync(string path) => SendAsync("DELETE", path, null);

    /// <param name="path">From the root; without one, below <c>/api/v1/</c>.</param>
    public async Task<Reply> SendAsync(string method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path.StartsWith('/') ? path : "/api/v1/" + path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await _http.SendAsync(request);
        return new Reply((int)response.StatusCode, response, await response.Content.ReadAsByteArrayAsync());
    }

    public async Task<string> UploadAsync(string script, string name = "a.py") =>
        (string)(await SendAsync("POST", $"scripts?name={name}", new StringContent(script))).Ok(201).Json["script_location"]!;

    /// <summary>Creates a job that fires once a year.</summary>
    public async Task<JsonNode> CreateAsync(string script = "print('hello')", object? more = null)
    {
        var job = new JsonObject { ["time"] = "0 0 1 1 *", ["script_type"] = "python", ["script_location"] = await UploadAsync(script) };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(more ?? new object())!.AsObject().ToList())
            job[name] = value?.DeepClone();
        return (await PostAsync("jobs", job)).Ok(201).Json;
    }

    /// <summary>Creates a job and asks for one run of it.</summary>
    public async Task<string> StartAsync(string script, object? more = null)
    {
        var job = await CreateAsync(script, more);
        return (string)(await PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
    }

    public async Task<JsonNode> EndOfAsync(string executionId) =>
        (await UntilAsync($"executions/{executionId}", reply => reply.Status == 200 && (string)reply.Json["execution_result"]! is not ("queued" or "running"))).Json;

    public Task<Reply> RunningAsync(string executionId) => UntilAsync($"executions/{executionId}", reply => (string?)reply.Json["execution_result"] == "running");

    /// <summary>Asks until the answer satisfies: over HTTP there is no event to wait for.</summary>
    public async Task<Reply> UntilAsync(string path, Func<Reply, bool> satisfies)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var reply = await GetAsync(path);
            if (satisfies(reply))
                return reply;
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(60))
                throw new TimeoutException($"{path} never satisfied; at last it was {reply.Status} {reply.Text}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static StringContent? Content(object? body) => body switch
    {
        null => null,
        string text => new StringContent(text, Encoding.UTF8, "application/json"),
        JsonNode node => new StringContent(node.ToJsonString(), Encoding.UTF8, "application/json"),
        _ => new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
    };
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

/// <summary>Every call that the node says it has, with everything about it made up: none may end in a fault or change what its caller may not.</summary>
/// <remarks>So many requests fit into CI; <c>DCRON_TEST_FUZZ=100000</c> makes more of them.</remarks>
public sealed class FuzzedCallsTests(TwoNamespaces node) : IClassFixture<TwoNamespaces>
{
    private static readonly int Requests =
        int.Parse(Environment.GetEnvironmentVariable("DCRON_TEST_FUZZ") is { Length: > 0 } count ? count : "5000", CultureInfo.InvariantCulture);

    private static readonly string[] Callers = ["", "viewer", "operator of red", "admin of red"];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOfConst("", " ", "x", "red", "blue", "*", "default", "@daily", "../..", "%00", "\r\nX: y", "null", "-1", "1e999", "9999999999999999999", "2026-01-01T00:00:00Z", "😀", "'; DROP TABLE jobs --", "<script>"),
        Gen.String[0, 40], Gen.Char['a', 'z'].Array[0, 300].Select(letters => new string(letters)));

    private static readonly Gen<JsonNode?> Scalars = Gen.OneOf(
        Texts.Select(JsonNode? (text) => JsonValue.Create(Clean(text))), Gen.Int.Select(JsonNode? (number) => JsonValue.Create(number)), Gen.Double.Select(number => double.IsFinite(number) ? JsonValue.Create(number) : null),
        Gen.Bool.Select(JsonNode? (flag) => JsonValue.Create(flag)), Gen.OneOfConst<JsonNode?>([null]));

    private static readonly Gen<string> Fields = Gen.OneOf(
        Gen.OneOfConst("time", "script_type", "script_location", "name", "namespace", "env", "args", "role", "namespaces", "expires_at", "value", "value_base64", "from", "to", "enabled", "labels", "timeout_seconds", "secret", "as"), Texts.Select(Clean));

    private static readonly Gen<JsonNode?> Values = Gen.OneOf(
        Scalars,
        Scalars.Array[0, 4].Select(JsonNode? (items) => new JsonArray([.. items.Select(item => item?.DeepClone())])),
        Gen.Select(Fields, Scalars).Array[0, 4].Select(JsonNode? (fields) => ObjectOf(fields)));

    private static readonly Gen<string> Bodies = Gen.Frequency(
        (5, Gen.Select(Fields, Values).Array[0, 7].Select(fields => ObjectOf(fields).ToJsonString())),
        (1, Values.Select(value => value?.ToJsonString() ?? "null")),
        (1, Gen.Byte.Array[0, 60].Select(bytes => Encoding.Latin1.GetString(bytes))));

    private static readonly Gen<string> Types = Gen.OneOfConst("application/json", "application/merge-patch+json", "text/plain", "application/json; charset=utf-16", "multipart/form-data");

    [Fact]
    public async Task No_request_ends_in_a_fault_or_changes_what_its_caller_may_not()
    {
        using var admin = node.Admin();
        var before = await StateAsync(admin);
        var document = (await admin.GetAsync("/openapi/v1.json")).Ok().Json;
        var calls = document["paths"]!.AsObject().Where(path => path.Key.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(path => path.Value!.AsObject().Where(operation => operation.Value is JsonObject).Select(operation => (Method: operation.Key.ToUpperInvariant(), Path: path.Key))).ToArray();
        var parameters = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => operation.Value).OfType<JsonObject>())
            .SelectMany(operation => operation["parameters"]?.AsArray() ?? []).Where(parameter => (string?)parameter!["in"] == "query")
            .Select(parameter => (string)parameter!["name"]!).Where(name => name != "follow").Distinct().ToArray();

        var ids = Gen.OneOf(Gen.OneOfConst(node.TheirJob, node.TheirExecution, "token", "reseal"), Texts.Select(text => Clean(text)));
        var requests = Gen.Select(
            Gen.Int[0, calls.Length - 1], ids, Gen.Select(Gen.OneOfConst(parameters), Texts).Array[0, 2], Bodies, Types, Gen.Int[0, Callers.Length - 1]).Array[Requests].Single();
        var clients = Callers.Select(caller => caller.Length == 0 ? node.Node.Client() : node.As(caller)).ToArray();
        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (request, _) =>
        {
            var (call, id, query, body, type, caller) = request;
            var (method, path) = calls[call];
            var address = System.Text.RegularExpressions.Regex.Replace(path, "{[a-z_]+}", Uri.EscapeDataString(id)) + "?"
                + string.Join('&', query.Select(pair => $"{pair.Item1}={Uri.EscapeDataString(Clean(pair.Item2))}"));
            var content = method is "GET" or "HEAD" or "DELETE" ? null : new StringContent(body);
            if (content is not null)
                content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
            var reply = await clients[caller].SendAsync(method, address, content);
            Assert.True(reply.Status is not 429 and (< 500 or 501), $"{reply.Status} for {method} {address} by '{Callers[caller]}' with {type} {body}: {reply.Text}");
        });
        foreach (var client in clients)
            client.Dispose();

        Assert.Equal(before, await StateAsync(admin));
    }

    /// <summary>What is not red's: jobs, their executions and versions, secrets, keys for all namespaces, workers.</summary>
    private async Task<string> StateAsync(ApiClient admin)
    {
        var state = new StringBuilder();
        foreach (var path in new[]
        {
            "jobs?namespace=blue&limit=500", "jobs?namespace=default&limit=500", $"jobs/{node.TheirJob}/versions", $"jobs/{node.TheirJob}/executions", "executions?namespace=blue", "secrets?namespace=blue", "secrets?namespace=default",
        })
        {
            state.AppendLine((await admin.GetAsync(path)).Ok().Text);
        }

        state.AppendJoin(',', (await admin.GetAsync("keys")).Ok().Json.AsArray().Where(key => (string?)key!["namespaces"]![0] == "*").Select(key => (string?)key!["key_id"]));
        state.AppendJoin(',', (await admin.GetAsync("workers")).Ok().Json.AsArray().Select(worker => (string?)worker!["state"]));
        return state.ToString();
    }

    private static JsonObject ObjectOf((string, JsonNode?)[] fields)
    {
        var result = new JsonObject();
        foreach (var (name, value) in fields)
            result[name] = value?.DeepClone();
        return result;
    }

    private static string Clean(string text) => new([.. text.Where(c => !char.IsSurrogate(c)).Take(200)]);
}

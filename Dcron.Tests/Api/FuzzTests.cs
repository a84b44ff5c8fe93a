using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Dcron.Api.Jobs;

namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class FuzzTests(OpenNode shared)
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOfConst("", " ", "* * * * *", "@daily", "python", "UTC", "s3://dcron/x", "2026-01-01T00:00:00Z", "\0", "\ud800", "😀", "../..", "H H * * *", "0 0 31 2 *", "%", "\"", "\\u0000"),
        Gen.String, Gen.Char['0', '9'].Array[0, 400].Select(chars => new string(chars)));

    private static readonly Gen<string> Names = Gen.OneOf(Gen.OneOfConst([.. JobFields.Readers.Keys]), Gen.OneOfConst("retries", "version", "cron", ""), Texts);

    private static readonly Gen<string> Scalars = Gen.OneOf(
        Texts.Select(Quote), Gen.Long.Select(number => $"{number}"), Gen.OneOfConst("1e999", "-0", "0.1", "1e-400", "123456789012345678901234567890", "true", "false", "null", "[]", "{}"));

    private static readonly Gen<string> Values = Gen.OneOf(
        Scalars, Scalars.Array[0, 5].Select(items => $"[{string.Join(',', items)}]"), Gen.Select(Names, Scalars).Array[0, 5].Select(Object));

    private static readonly Gen<string> Bodies = Gen.Frequency(
        (6, Gen.Select(Names, Values).Array[0, 8].Select(Object)),
        (1, Values),
        (1, Gen.Byte.Array[0, 40].Select(bytes => Encoding.Latin1.GetString(bytes))));

    [Fact]
    public async Task No_body_makes_the_server_fail()
    {
        using var api = shared.Node.Client();
        var job = await api.CreateAsync();
        var id = (string)job["job_id"]!;
        var location = (string)job["script_location"]!;
        var bodies = Bodies.Array[3000].Single();
        await Parallel.ForEachAsync(bodies.Index(), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (entry, _) =>
        {
            var (i, body) = entry;
            if (i % 3 == 0)
                body = body.Replace("s3://dcron/x", location, StringComparison.Ordinal);
            var reply = (i % 4) switch
            {
                0 => await api.PatchAsync($"jobs/{id}", body),
                1 => await api.PutAsync($"jobs/{id}", body),
                2 => await api.PostAsync("keys", body),
                _ => await api.PostAsync("jobs", body),
            };
            Assert.True(reply.Status < 500, $"{reply.Status} for {body}");
            Assert.True(reply.Status is 200 or 201 || reply.Header("Content-Type") == "application/problem+json", $"{reply.Status} {reply.Header("Content-Type")} for {body}");
            Assert.NotNull(JsonNode.Parse(reply.Body));
        });
        (await api.GetAsync($"jobs/{id}")).Ok();
    }

    [Fact]
    public async Task No_address_makes_the_server_fail()
    {
        using var api = shared.Node.Client();
        var parts = Gen.OneOf(Gen.OneOfConst("jobs", "executions", "workers", "schedule", "preview", "log", "cancel", "versions", "a@20260101T000000Z", "%00", "%2F", "..", "%c3%28"), Texts.Select(text => Uri.EscapeDataString(Clean(text))));
        var queries = Gen.Select(Gen.OneOfConst("limit", "cursor", "result", "from", "to", "name", "enabled", "label", "time", "timezone", "count", "follow"), Texts.Select(text => Uri.EscapeDataString(Clean(text))));
        var addresses = Gen.Select(parts.Array[1, 4], queries.Array[0, 3]).Array[1000].Single();
        await Parallel.ForEachAsync(addresses, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (address, _) =>
        {
            var path = "/api/v1/" + string.Join('/', address.Item1) + "?" + string.Join('&', address.Item2.Select(pair => $"{pair.Item1}={pair.Item2}"));
            var reply = await api.GetAsync(path);
            Assert.True(reply.Status is < 500 or 501, $"{reply.Status} for {path}");
        });
    }

    private static string Object((string, string)[] fields) => "{" + string.Join(',', fields.Select(field => $"{Quote(field.Item1)}:{field.Item2}")) + "}";

    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private static string Clean(string text) => new([.. text.Where(c => !char.IsSurrogate(c)).Take(200)]);
}

using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class OpenApiTests(OpenNode shared)
{
    [Fact]
    public async Task Every_call_is_described_with_its_answers_parameters_and_problems()
    {
        var document = await DocumentAsync();
        Assert.StartsWith("3.1", (string)document["openapi"]!, StringComparison.Ordinal);
        var described = document["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}"))
            .ToHashSet(StringComparer.Ordinal);
        var mapped = shared.Node.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {endpoint.RoutePattern.RawText!.TrimEnd('/')}"));
        Assert.All(mapped, call => Assert.Contains(call, described));
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in operations!.AsObject())
            {
                var call = $"{method} {path}";
                Assert.True(operation!["summary"] is not null, call);
                Assert.True(operation["operationId"] is not null, call);
                Assert.All(operation["parameters"]?.AsArray() ?? [], parameter => Assert.False(string.IsNullOrEmpty((string?)parameter!["description"]), $"{call} {parameter["name"]}"));
                Assert.Equal(method == "post", Parameters(operation).Contains("Idempotency-Key"));
                if (path.StartsWith("/api/", StringComparison.Ordinal))
                    Assert.Superset(new HashSet<string> { "401", "403", "503" }, operation["responses"]!.AsObject().Select(pair => pair.Key).ToHashSet());
            }
        }
    }

    [Fact]
    public async Task Bodies_are_described_field_by_field_with_examples()
    {
        var document = await DocumentAsync();
        var schemas = document["components"]!["schemas"]!.AsObject();
        var request = schemas["JobRequest"]!;
        Assert.Equal(["script_location", "script_type", "time"], request["required"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal));
        Assert.Null(schemas["JobPatch"]!["required"]);
        foreach (var name in (string[])["JobRequest", "JobView", "ExecutionView", "WorkerView", "PreviewView", "ScriptView", "KeyView", "ProblemDocument"])
        {
            var properties = schemas[name]!["properties"]!.AsObject();
            Assert.NotEmpty(properties);
            Assert.All(properties, property => Assert.False(string.IsNullOrEmpty((string?)property.Value!["description"]), $"{name}.{property.Key}"));
            Assert.NotNull(schemas[name]!["examples"]);
        }

        Assert.Equal("date-time", (string?)schemas["JobView"]!["properties"]!["created_at"]!["format"]);
    }

    [Fact]
    public async Task The_example_of_a_job_can_be_created_as_it_stands_but_for_its_script()
    {
        var document = await DocumentAsync();
        var example = document["components"]!["schemas"]!["JobRequest"]!["examples"]![0]!.DeepClone().AsObject();
        using var api = shared.Node.Client();
        example["script_location"] = await api.UploadAsync("print(1)");
        example["name"] = Guid.NewGuid().ToString("N") + "x";
        (await api.PostAsync("jobs", example)).Ok(201);
    }

    private static IEnumerable<string> Parameters(JsonNode operation) => (operation["parameters"]?.AsArray() ?? []).Select(parameter => (string)parameter!["name"]!);

    private async Task<JsonNode> DocumentAsync()
    {
        using var api = shared.Node.Client();
        return (await api.GetAsync("/openapi/v1.json")).Ok().Json;
    }
}

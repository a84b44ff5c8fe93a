using System.Text.Json.Nodes;
using Dcron.Api.Jobs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Dcron.Api.OpenApi;

/// <summary>The API's description at <c>/openapi/v1.json</c>.</summary>
internal static class OpenApiSetup
{
    private const string SchemeName = "api_key";

    public static void AddDcronOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description => description.RelativePath?.StartsWith("dashboard", StringComparison.Ordinal) != true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            Introduce(document);
            DescribeNested(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Complete(operation, context);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Describe(schema, context.JsonTypeInfo.Type);
            return Task.CompletedTask;
        });
    });

    private static void Introduce(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "dcron",
            Version = "v1",
            Description = "cron for a pool of machines: CREATE JOB, UPDATE JOB, GET JOB EXECUTIONS, and what goes with them. Times are RFC 3339 in UTC; errors are problem details (RFC 9457).",
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
        };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [SchemeName] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API key, dcron_id_secret. Needed as soon as a node listens beyond loopback.",
            },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SchemeName, document)] = [] }];
    }

    private static void Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters ??= [];
        foreach (var path in operation.Parameters.OfType<OpenApiParameter>().Where(parameter => parameter.In == ParameterLocation.Path))
            path.Description = ApiParameters.OfPath(path.Name!);
        foreach (var parameter in metadata.OfType<EndpointDescriptions.Parameters>().SelectMany(parameters => parameters.List))
            operation.Parameters.Add(parameter.ToOpenApi());
        if (context.Description.HttpMethod == HttpMethods.Post)
            operation.Parameters.Add(ApiParameters.IdempotencyKey.ToOpenApi());
        if (metadata.OfType<EndpointDescriptions.BytesBody>().Any())
            operation.RequestBody = EndpointDescriptions.BytesBody.ToOpenApi();
    }

    private static void Describe(OpenApiSchema schema, Type type)
    {
        if (type == typeof(EnvValue))
            schema.AnyOf = EnvValue.Schemas();
        if (schema.Properties is null)
            return;

        if (type == typeof(JobRequest))
            schema.Required = new HashSet<string>(JobFields.Required);
        else if (type == typeof(JobPatch))
            schema.Required = null;

        foreach (var (name, property) in schema.Properties)
        {
            if (property is OpenApiSchema own && FieldDescriptions.All.TryGetValue(name, out var field))
            {
                own.Description = field.Text;
                own.Examples = field.Example is { } example ? [example.DeepClone()] : null;
            }
        }

        schema.Examples = [Example(schema, type)];
    }

    /// <summary>A field that is an object has its schema elsewhere, so that its own description can be set only once all are put together.</summary>
    private static void DescribeNested(OpenApiDocument document)
    {
        foreach (var (name, property) in (document.Components?.Schemas?.Values ?? []).SelectMany(schema => schema.Properties ?? new Dictionary<string, IOpenApiSchema>()))
        {
            if (string.IsNullOrEmpty(property.Description) && FieldDescriptions.All.TryGetValue(name, out var field))
                property.Description = field.Text;
        }
    }

    /// <summary>A whole body, put together from the examples of its fields.</summary>
    private static JsonObject Example(OpenApiSchema schema, Type type)
    {
        var example = new JsonObject();
        var names = type == typeof(JobRequest) ? [.. JobFields.Required, "name", "timezone"]
            : type == typeof(JobPatch) ? ["time", "timezone"]
            : schema.Properties!.Keys.ToArray();
        foreach (var name in names)
        {
            if (FieldDescriptions.All.TryGetValue(name, out var field))
                example[name] = field.Example?.DeepClone();
        }

        return example;
    }
}

using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.Problems;
using Microsoft.OpenApi;

namespace Dcron.Api.OpenApi;

/// <summary>What an endpoint says of itself: who may call it, and what stands in the API's description.</summary>
internal static class EndpointDescriptions
{
    /// <summary>Parameters that a handler reads by itself.</summary>
    public sealed record Parameters(IReadOnlyList<ApiParameter> List);

    /// <param name="endpoint">The call.</param>
    /// <param name="name">Unique; the operation's id, and what the audit calls it.</param>
    /// <param name="summary">For people.</param>
    /// <param name="role">Who may call it.</param>
    /// <param name="reach">How it keeps to namespaces; of no matter where a job or an execution is in its address.</param>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary, Role role, Reach reach = Reach.Cluster) =>
        endpoint.WithName(name).WithSummary(summary)
            .WithDescription($"Needs the role {Words.Of(role)} where keys are needed.")
            .RequireAuthorization(Words.Of(role))
            .WithMetadata(new ReachOf(reach))
            .Problems(401, 403, 429, 503);

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, int status) => endpoint.Produces<T>(status, "application/json");

    public static RouteHandlerBuilder AnswersNothing(this RouteHandlerBuilder endpoint, int status) => endpoint.Produces(status);

    public static RouteHandlerBuilder AnswersText(this RouteHandlerBuilder endpoint, int status) =>
        endpoint.Produces<string>(status, "text/plain", "text/event-stream");

    public static RouteHandlerBuilder Problems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            endpoint.Produces<ProblemDocument>(status, ProblemResult.ContentType);
        return endpoint;
    }

    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder endpoint, IReadOnlyList<ApiParameter> parameters) =>
        endpoint.WithMetadata(new Parameters(parameters));

    public static RouteHandlerBuilder WithHeader(this RouteHandlerBuilder endpoint, params IReadOnlyList<ApiParameter> parameters) =>
        endpoint.WithMetadata(new Parameters(parameters));

    /// <summary>A body that the handler reads by itself, with an example of it.</summary>
    public static RouteHandlerBuilder TakesBody<T>(this RouteHandlerBuilder endpoint, string mediaType, params string[] moreMediaTypes)
        where T : notnull => endpoint.Accepts<T>(mediaType, moreMediaTypes);

    /// <summary>A body of any kind of bytes.</summary>
    public static RouteHandlerBuilder TakesBytes(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new BytesBody());

    public sealed class BytesBody
    {
        public static OpenApiRequestBody ToOpenApi() => new()
        {
            Required = true,
            Description = "The script's bytes, at most 16 MiB.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/octet-stream"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
            },
        };
    }
}

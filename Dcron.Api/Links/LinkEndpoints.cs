using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Executions;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Api.Scripts;
using Dcron.Grains.Executions;
using Dcron.Grains.Scripts;
using Dcron.Storage.Objects;

namespace Dcron.Api.Links;

/// <summary>Lets clients read and write objects past dcron, straight at the object store, where that has URLs.</summary>
internal static class LinkEndpoints
{
    // Long enough to begin a transfer; one that has begun may go on.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/executions/{execution_id}/log/link", LogAsync).WithTags("Executions")
            .Describe("GetExecutionLogLink", "A URL under which the whole log can be read from the object store, without a key, for 15 minutes", Role.Viewer)
            .Answers<LogLinkView>(200).Problems(404, 409, 501);
        api.MapPost("/scripts/link", ScriptAsync).WithTags("Scripts")
            .Describe("LinkScript", "A URL under which a script can be PUT into the object store, without a key, for 15 minutes; create the job after that", Role.Operator, Reach.Anybody)
            .WithQuery(ApiParameters.ScriptName)
            .Answers<ScriptLinkView>(200).Problems(422, 501);
    }

    private static async Task<IResult> LogAsync(HttpContext context, string execution_id, ExecutionFinder finder, Logs logs, IObjectStore objects, TimeProvider time)
    {
        if (!ExecutionId.TryParse(execution_id, out var id) || await finder.FindAsync(id, context.RequestAborted) is not { } execution)
            return Problem.NoSuchExecution(execution_id);
        if (!execution.ExecutionResult.IsFinal())
            return Problem.LogNotStoredYet(execution_id);

        switch (await logs.FindAsync(execution, context.RequestAborted))
        {
            case LogSource.Stored stored:
                return await SignAsync(context, objects, stored.Location, PresignedVerb.Get, time) is var (url, expiresAt)
                    ? Answer.Json(new LogLinkView(url, HttpMethods.Get, expiresAt), ApiJson.Shared.LogLinkView)
                    : Problem.NoLinks($"Read it with GET /api/v1/executions/{execution_id}/log.");
            case LogSource.None none:
                return Problem.NotFound($"Execution {execution_id} has no log. {none.Why}");
            default:
                return Problem.LogNotStoredYet(execution_id);
        }
    }

    private static async Task<IResult> ScriptAsync(HttpContext context, IObjectStore objects, TimeProvider time)
    {
        var query = new QueryReader(context.Request, "name");
        var name = ScriptEndpoints.NameOf(query) ?? ScriptLibrary.DefaultName;
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);

        // A place of its own: the link lets its holder replace what is there, which must be nobody else's.
        if (!ObjectLocation.TryParse($"s3://{objects.DefaultBucket}/scripts/uploads/{Guid.NewGuid():N}/{name}", out var location, out var reason))
            return Problem.Invalid("name", $"can't be a file name: {reason}");

        await AuditTrail.Of(context).BeginAsync(AuditTarget.Script(location));
        return await SignAsync(context, objects, location, PresignedVerb.Put, time) is var (url, expiresAt)
            ? Answer.Json(new ScriptLinkView(url, HttpMethods.Put, location.ToString(), expiresAt), ApiJson.Shared.ScriptLinkView)
            : Problem.NoLinks("Send the script with POST /api/v1/scripts.");
    }

    private static async ValueTask<(string Url, DateTimeOffset ExpiresAt)?> SignAsync(
        HttpContext context, IObjectStore objects, ObjectLocation location, PresignedVerb verb, TimeProvider time)
    {
        context.Response.Headers.CacheControl = "no-store";
        var expiresAt = time.GetUtcNow() + Lifetime;
        return await objects.PresignAsync(location, verb, Lifetime, context.RequestAborted) is { } url ? (url.AbsoluteUri, expiresAt) : null;
    }
}

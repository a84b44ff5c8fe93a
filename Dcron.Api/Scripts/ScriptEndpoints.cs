using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Access;
using Dcron.Grains.Scripts;

namespace Dcron.Api.Scripts;

/// <summary>Scripts go in here, and come to rest in object storage under their content's hash.</summary>
internal static class ScriptEndpoints
{
    /// <summary>Largest script in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int LongestName = 200;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/scripts", StoreAsync).WithTags("Scripts")
            .Describe("StoreScript", "Store a script; the body is its bytes", Role.Operator, Reach.Anybody)
            .WithQuery(ApiParameters.ScriptName).TakesBytes()
            .Answers<ScriptView>(201).Problems(400, 413, 422);

    /// <summary>The parameter <c>name</c>; null where it is left out.</summary>
    public static string? NameOf(QueryReader query)
    {
        var name = query.Text("name", LongestName);
        if (name is not null && (name.Length == 0 || name is "." or ".." || !ReadableName.Is(name) || name.Any(c => c is '/' or '\\' || char.IsSurrogate(c))))
            query.Errors.Add("name", "must be a plain file name such as backup.py, without '/'");
        return name;
    }

    private static async Task<IResult> StoreAsync(HttpContext context, ScriptLibrary library)
    {
        var query = new QueryReader(context.Request, "name");
        var name = NameOf(query);
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);

        if (context.Request.ContentLength > MaxBytes)
            return Problem.TooLarge(MaxBytes);

        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            if (content.Length + read > MaxBytes)
                return Problem.TooLarge(MaxBytes);
            content.Write(buffer, 0, read);
        }

        if (content.Length == 0)
            return Problem.Invalid("body", "is empty; send the script's bytes as the body, such as with curl --data-binary @backup.py");

        content.Position = 0;
        return await library.StoreAsync(content, name, location => AuditTrail.Of(context).BeginAsync(AuditTarget.Script(location)), context.RequestAborted) switch
        {
            ScriptUpload.Stored stored => Answer.Json(
                new ScriptView(stored.Location.ToString(), stored.Sha256, stored.Size), ApiJson.Shared.ScriptView, StatusCodes.Status201Created),
            ScriptUpload.BadName bad => Problem.Invalid("name", bad.Reason),
            ScriptUpload.TooLarge => Problem.TooLarge(MaxBytes),
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
    }
}

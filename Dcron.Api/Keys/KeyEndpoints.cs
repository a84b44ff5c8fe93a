using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Idempotency;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;

namespace Dcron.Api.Keys;

/// <summary>Hands out keys and takes them back.</summary>
internal static class KeyEndpoints
{
    private const int LongestName = 100;

    public static void Map(IEndpointRouteBuilder api)
    {
        var keys = api.MapGroup("/keys").WithTags("Keys");
        keys.MapGet("", ListAsync).Describe("ListKeys", "All keys, without their secrets", Role.Admin).Answers<IReadOnlyList<KeyView>>(200);
        keys.MapPost("", CreateAsync).Describe("CreateKey", "A new key; it is shown this once", Role.Admin)
            .TakesBody<KeyRequest>("application/json").Answers<KeyView>(201).Problems(400, 413, 415, 422);
        keys.MapDelete("/{key_id}", RevokeAsync).Describe("RevokeKey", "Make a key worthless, at once here and within seconds everywhere", Role.Admin)
            .AnswersNothing(204).Problems(404);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ApiKeys keys)
    {
        var all = await keys.ListAsync(context.RequestAborted);
        return Answer.Json<IReadOnlyList<KeyView>>([.. all.Select(key => ViewOf(key))], ApiJson.Shared.IReadOnlyListKeyView);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, ApiKeys keys)
    {
        var body = await JsonBody.ReadAsync(context.Request, "application/json");
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var errors = new FieldErrors();
        var (name, role) = Read(((JsonBody.Read)body).Object, errors);
        if (errors.Any)
            return Problem.Invalid(errors);

        var (key, text) = await keys.CreateAsync(IdempotentRequest.Of(context)?.ReservedId ?? KeyText.NewId(), name, role, context.RequestAborted);
        context.Response.Headers.Location = $"{context.Request.PathBase}{ApiPaths.Root}/keys/{key.KeyId}";
        context.Response.Headers.CacheControl = "no-store";
        return Answer.Json(ViewOf(key, text.ToString()), ApiJson.Shared.KeyView, StatusCodes.Status201Created);
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, string key_id, ApiKeys keys) =>
        await keys.RevokeAsync(key_id, context.RequestAborted) ? Results.NoContent() : Problem.NotFound($"There is no key '{key_id}'; GET /keys lists them.");

    private static (string Name, Role Role) Read(JsonElement body, FieldErrors errors)
    {
        string[] fields = ["name", "role"];
        foreach (var unknown in body.EnumerateObject().Where(property => !fields.Contains(property.Name)))
            errors.AddMalformed(unknown.Name, "is not a field of a key; there are name and role");
        var (name, word) = (Text(body, "name", errors), Text(body, "role", errors));
        if (name is not null && (name.Length is 0 or > LongestName || name.Any(char.IsControl) || string.IsNullOrWhiteSpace(name)))
            errors.Add("name", $"must have 1 to {LongestName} characters, none of them control characters");
        var role = default(Role);
        if (word is not null && !Words.TryParse(word, out role))
            errors.Add("role", $"must be one of {Words.All<Role>()}");
        return (name ?? "", role);
    }

    private static string? Text(JsonElement body, string field, FieldErrors errors)
    {
        if (!body.TryGetProperty(field, out var value))
            errors.AddMalformed(field, "is required");
        else if (value.ValueKind != JsonValueKind.String)
            errors.AddMalformed(field, "must be a text");
        else
            return value.GetString();
        return null;
    }

    private static KeyView ViewOf(KeyDocument key, string? text = null) => new(key.KeyId, key.Name, key.Role, key.CreatedAt, text);
}

using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Idempotency;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Access;

namespace Dcron.Api.Keys;

/// <summary>Hands out keys and takes them back. An admin of some namespaces does so for these alone.</summary>
internal static class KeyEndpoints
{
    private const int LongestName = 100;
    private const int MostNamespaces = 100;

    public static void Map(IEndpointRouteBuilder api)
    {
        var keys = api.MapGroup("/keys").WithTags("Keys");
        keys.MapGet("", ListAsync).Describe("ListKeys", "All keys, without their secrets", Role.Admin, Reach.Filtered).Answers<IReadOnlyList<KeyView>>(200);
        keys.MapPost("", CreateAsync).Describe("CreateKey", "A new key; it is shown this once", Role.Admin, Reach.Filtered)
            .TakesBody<KeyRequest>("application/json").Answers<KeyView>(201).Problems(400, 413, 415, 422);
        keys.MapDelete("/{key_id}", RevokeAsync).Describe("RevokeKey", "Make a key worthless, at once and on every server", Role.Admin, Reach.Filtered)
            .AnswersNothing(204).Problems(404);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ApiKeys keys)
    {
        var scope = Caller.ScopeOf(context.User);
        var all = await keys.ListAsync(context.RequestAborted);
        return Answer.Json<IReadOnlyList<KeyView>>(
            [.. all.Where(item => scope.Covers(NamespaceScope.Of(item.Key.Namespaces))).Select(item => ViewOf(item.Key, item.Use))], ApiJson.Shared.IReadOnlyListKeyView);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, ApiKeys keys, TimeProvider time)
    {
        var body = await JsonBody.ReadAsync(context.Request, "application/json");
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var errors = new FieldErrors();
        var own = Caller.ScopeOf(context.User);
        var asked = Read(((JsonBody.Read)body).Object, own, time.GetUtcNow(), errors);
        if (errors.Any)
            return Problem.Invalid(errors);
        if (!own.Covers(asked.Scope))
            return Problem.NotYourNamespace($"{asked.Scope}", own);

        var id = IdempotentRequest.Of(context)?.ReservedId ?? KeyText.NewId();
        await AuditAsync(context, id, null, asked);
        var (key, text) = await keys.CreateAsync(id, asked.Name, asked.Role, asked.Scope, asked.ExpiresAt, context.RequestAborted);
        context.Response.Headers.Location = $"{context.Request.PathBase}{ApiPaths.Root}/keys/{key.KeyId}";
        context.Response.Headers.CacheControl = "no-store";
        return Answer.Json(ViewOf(key, null, text.ToString()), ApiJson.Shared.KeyView, StatusCodes.Status201Created);
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, string key_id, ApiKeys keys)
    {
        if (await keys.GetAsync(key_id, context.RequestAborted) is not { } key || !Caller.ScopeOf(context.User).Covers(NamespaceScope.Of(key.Namespaces)))
            return Problem.NotFound($"There is no key '{key_id}'; GET /keys lists them.");

        await AuditAsync(context, key_id, key, null);
        return await keys.RevokeAsync(key_id, context.RequestAborted) ? Results.NoContent() : Problem.NotFound($"There is no key '{key_id}'; GET /keys lists them.");
    }

    /// <summary>A key as somebody asks for it.</summary>
    internal sealed record Asked(string Name, Role Role, NamespaceScope Scope, DateTimeOffset? ExpiresAt);

    /// <summary>Writes down that a key is about to be made or revoked.</summary>
    internal static Task AuditAsync(HttpContext context, string id, KeyDocument? before, Asked? after) => AuditTrail.Of(context).BeginAsync(
        AuditTarget.Key(id),
        before is null ? null : new AuditedKey(before.Name, before.Role, NamespaceScope.Of(before.Namespaces).ToList(), before.ExpiresAt),
        after is null ? null : new AuditedKey(after.Name, Words.Of(after.Role), after.Scope.ToList(), after.ExpiresAt),
        ApiJson.Shared.AuditedKey);

    /// <param name="body">A JSON object.</param>
    /// <param name="own">What the caller may work in.</param>
    /// <param name="now">Keys end after it.</param>
    /// <param name="errors">Where to tell what is wrong.</param>
    internal static Asked Read(JsonElement body, NamespaceScope own, DateTimeOffset now, FieldErrors errors)
    {
        string[] fields = ["name", "role", "namespaces", "expires_at"];
        foreach (var unknown in body.EnumerateObject().Where(property => !fields.Contains(property.Name)))
            errors.AddMalformed(unknown.Name, $"is not a field of a key; there are {string.Join(", ", fields)}");
        var (name, word) = (Text(body, "name", errors), Text(body, "role", errors));
        if (name is not null && (name.Length is 0 or > LongestName || !ReadableName.Is(name) || string.IsNullOrWhiteSpace(name)))
            errors.Add("name", $"must have 1 to {LongestName} characters, none of them control characters or such that turn text around");
        var role = default(Role);
        if (word is not null && !Words.TryParse(word, out role))
            errors.Add("role", $"must be one of {Words.All<Role>()}");
        return new Asked(name ?? "", role, NamespacesIn(body, own, errors), EndIn(body, now, errors));
    }

    private static NamespaceScope NamespacesIn(JsonElement body, NamespaceScope own, FieldErrors errors)
    {
        if (!body.TryGetProperty("namespaces", out var value) || value.ValueKind == JsonValueKind.Null)
            return own;

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            errors.AddMalformed("namespaces", "must be an array of texts, such as [\"payments\"]; [\"*\"] for all");
            return own;
        }

        var names = value.EnumerateArray().Select(item => item.GetString()!).ToList();
        if (names.Count is 0 or > MostNamespaces || names.Any(item => item != NamespaceScope.AllText && !Namespaces.IsName(item)))
            errors.Add("namespaces", $"must hold 1 to {MostNamespaces} namespaces, each {Namespaces.Form}; or \"*\" for all");
        return NamespaceScope.Of(names);
    }

    private static DateTimeOffset? EndIn(JsonElement body, DateTimeOffset now, FieldErrors errors)
    {
        if (!body.TryGetProperty("expires_at", out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind != JsonValueKind.String || !Rfc3339.TryParse(value.GetString(), out var end))
            errors.AddMalformed("expires_at", Rfc3339.Advice);
        else if (end <= now)
            errors.Add("expires_at", "must lie in the future");
        else
            return end;
        return null;
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

    private static KeyView ViewOf(KeyDocument key, KeyUse? use, string? text = null) =>
        new(key.KeyId, key.Name, key.Role, key.CreatedAt, NamespaceScope.Of(key.Namespaces).ToList(), key.ExpiresAt, use?.At, use?.From, text);
}

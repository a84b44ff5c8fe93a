using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console.Pages;
using Dcron.Api.Json;
using Dcron.Api.Keys;
using Dcron.Api.Problems;
using Dcron.Api.Requests;

namespace Dcron.Api.Console.Managing;

/// <summary>An API key in the list.</summary>
public sealed record KeyRow(string Id, string Name, string Role, IReadOnlyList<string> Namespaces, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt, string? UsedFrom);

/// <summary>A key as the form asks for it, and what is wrong with that.</summary>
public sealed record KeyForm(string Name, string Role, string Namespaces, string ExpiresAt, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors);

/// <summary>Hands out keys and takes them back. An admin of some namespaces sees and makes keys for these alone.</summary>
internal static class KeyPages
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Fine = new Dictionary<string, IReadOnlyList<string>>();

    public static void Map(IEndpointRouteBuilder app)
    {
        ConsolePages.Page(app, "/keys", Role.Admin, (HttpContext context, ApiKeys keys) => ShowAsync(context, keys, new KeyForm("", "viewer", "", "", Fine), null), Reach.Filtered);
        ConsoleActions.Action(app, "/keys", Role.Admin, "create_key", CreateAsync, Reach.Filtered);
        ConsoleActions.Action(app, "/console/keys/{key_id}/revoke", Role.Admin, "revoke_key", RevokeAsync, Reach.Filtered);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, ApiKeys keys, KeyForm form, string? created)
    {
        var own = Caller.ScopeOf(context.User);
        var rows = (await keys.ListAsync(context.RequestAborted)).Where(item => own.Covers(NamespaceScope.Of(item.Key.Namespaces)))
            .Select(item => new KeyRow(
                item.Key.KeyId, item.Key.Name, item.Key.Role, NamespaceScope.Of(item.Key.Namespaces).ToList(), item.Key.CreatedAt, item.Key.ExpiresAt, item.Use?.At, item.Use?.From));
        context.Response.Headers.CacheControl = "no-store";
        return ConsolePage.Of<KeysPage>(
            context, new { Keys = (IReadOnlyList<KeyRow>)[.. rows], Form = form, Created = created }, form.Errors.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>The form becomes what the API takes, so that the same rules judge it and the same sentences say what is wrong.</summary>
    private static async Task<IResult> CreateAsync(HttpContext context, ApiKeys keys, TimeProvider time)
    {
        var fields = await context.Request.ReadFormAsync(context.RequestAborted);
        var form = new KeyForm(fields["name"].ToString().Trim(), fields["role"].ToString(), fields["namespaces"].ToString(), fields["expires_at"].ToString().Trim(), Fine);
        var asked = new JsonObject { ["name"] = form.Name, ["role"] = form.Role };
        if (form.Namespaces.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } names)
            asked["namespaces"] = new JsonArray([.. names.Select(JsonNode (name) => name)]);
        if (form.ExpiresAt.Length > 0)
            asked["expires_at"] = ConsolePages.TimeOf(form.ExpiresAt, Viewer.Of(context).Zone) is { } end ? Grains.Json.UtcTime.ToText(end) : form.ExpiresAt;

        var (errors, own) = (new FieldErrors(), Caller.ScopeOf(context.User));
        using var json = JsonDocument.Parse(asked.ToJsonString());
        var key = KeyEndpoints.Read(json.RootElement, own, time.GetUtcNow(), errors);
        if (!own.Covers(key.Scope))
            errors.Add("namespaces", $"must be among your own: {own}");
        if (errors.Any)
            return await ShowAsync(context, keys, form with { Errors = errors.ToDictionary() }, null);

        var id = KeyText.NewId();
        await KeyEndpoints.AuditAsync(context, id, null, key);
        var (_, text) = await keys.CreateAsync(id, key.Name, key.Role, key.Scope, key.ExpiresAt, context.RequestAborted);
        return await ShowAsync(context, keys, new KeyForm("", "viewer", "", "", Fine), text.ToString());
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, string key_id, ApiKeys keys)
    {
        if (await keys.GetAsync(key_id, context.RequestAborted) is not { } key || !Caller.ScopeOf(context.User).Covers(NamespaceScope.Of(key.Namespaces)))
            return Problem.NotFound($"There is no key '{key_id}'.");

        await KeyEndpoints.AuditAsync(context, key_id, key, null);
        return await keys.RevokeAsync(key_id, context.RequestAborted) ? ConsolePage.SeeOther("/keys?done=revoked") : Problem.NotFound($"There is no key '{key_id}'.");
    }
}

using System.Text;
using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Access;
using Dcron.Grains.Secrets;

namespace Dcron.Api.Secrets;

/// <summary>Secrets: their values go in here, and come out nowhere.</summary>
internal static class SecretEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var secrets = api.MapGroup("/secrets").WithTags("Secrets");
        secrets.MapGet("", ListAsync).Describe("ListSecrets", "The secrets' names; never their values", Role.Viewer, Reach.Filtered)
            .WithQuery(ApiParameters.Namespace).Answers<IReadOnlyList<SecretView>>(200).Problems(400);
        secrets.MapPut("/{name}", SetAsync).Describe("SetSecret", "Set a secret's value; launches from now on get it", Role.Operator, Reach.Filtered)
            .WithQuery(ApiParameters.Namespace).TakesBody<SecretRequest>("application/json").Answers<SecretView>(200).Answers<SecretView>(201).Problems(400, 409, 413, 415, 422);
        secrets.MapDelete("/{name}", DeleteAsync).Describe("DeleteSecret", "Delete a secret; launches that ask for it fail from now on", Role.Operator, Reach.Filtered)
            .WithQuery(ApiParameters.Namespace).AnswersNothing(204).Problems(400, 404);
        secrets.MapPost("/reseal", ResealAsync).Describe("ResealSecrets", "Seal every secret with the first key of Dcron:Secrets, so that the others can go", Role.Admin)
            .Answers<ResealView>(200);
    }

    private static async Task<IResult> ListAsync(HttpContext context, SecretStore secrets)
    {
        var query = new QueryReader(context.Request, "namespace");
        var (asked, scope) = (query.Text("namespace"), Caller.ScopeOf(context.User));
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);
        if (asked is not null && !scope.Allows(asked))
            return Problem.NotYourNamespace(asked, scope);

        var found = new List<SecretDocument>();
        if (asked is null && scope.IsAll)
            found.AddRange(await secrets.ListAsync(null, context.RequestAborted));
        foreach (var place in asked is not null ? [asked] : scope.Names ?? [])
            found.AddRange(await secrets.ListAsync(place, context.RequestAborted));
        return Answer.Json<IReadOnlyList<SecretView>>([.. found.Select(SecretView.Of)], ApiJson.Shared.IReadOnlyListSecretView);
    }

    private static async Task<IResult> SetAsync(HttpContext context, string name, SecretStore secrets)
    {
        if (PlaceOf(context, name, out var refusal) is not { } place)
            return refusal!;

        var body = await JsonBody.ReadAsync(context.Request, "application/json");
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var errors = new FieldErrors();
        var value = ValueIn(((JsonBody.Read)body).Object, errors);
        if (!SecretReference.IsName(name))
            errors.Add("name", $"must be {SecretReference.NameForm}");
        if (errors.Any)
            return Problem.Invalid(errors);

        await AuditAsync(context, place, name, await secrets.FindAsync(place, name, context.RequestAborted), isSet: true);
        return await secrets.SetAsync(place, name, value, Caller.NameOf(context.User), context.RequestAborted) switch
        {
            SecretSetting.Stored stored => Answer.Json(
                SecretView.Of(stored.Secret), ApiJson.Shared.SecretView, stored.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK),
            SecretSetting.NoKey none => Problem.NoSealingKey(none.Reason),
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string name, SecretStore secrets)
    {
        if (PlaceOf(context, name, out var refusal) is not { } place)
            return refusal!;
        if (!SecretReference.IsName(name) || await secrets.FindAsync(place, name, context.RequestAborted) is not { } before)
            return Problem.NoSuchSecret(place, name);

        await AuditAsync(context, place, name, before, isSet: false);
        return await secrets.DeleteAsync(place, name, context.RequestAborted) ? Results.NoContent() : Problem.NoSuchSecret(place, name);
    }

    private static async Task<IResult> ResealAsync(HttpContext context, SecretStore secrets)
    {
        await AuditTrail.Of(context).BeginAsync(new AuditTarget("secret:*", null));
        var (resealed, unreadable) = await secrets.ResealAsync(context.RequestAborted);
        return Answer.Json(new ResealView(resealed, unreadable), ApiJson.Shared.ResealView);
    }

    /// <summary>Writes down that a secret is about to be set, or deleted.</summary>
    internal static Task AuditAsync(HttpContext context, string place, string name, SecretDocument? before, bool isSet) => AuditTrail.Of(context).BeginAsync(
        AuditTarget.Secret(place, name),
        before is null ? null : new AuditedSecret(before.Version),
        isSet ? new AuditedSecret((before?.Version ?? 0) + 1) : null,
        ApiJson.Shared.AuditedSecret);

    /// <summary>Why these bytes can't be a secret's value, as the end of a sentence; null where they can.</summary>
    internal static string? WhyNot(byte[] value) => value.Length <= SecretStore.MaxBytes && value.AsSpan().TrimEnd("\r\n"u8).Length >= SecretStore.MinBytes
        ? null
        : $"must have {SecretStore.MinBytes} bytes (a shorter one could not be kept out of a log) to {SecretStore.MaxBytes / 1024} KiB";

    /// <summary>The namespace that the query names, or the caller's own; null with a refusal where that can't be.</summary>
    private static string? PlaceOf(HttpContext context, string name, out IResult? refusal)
    {
        var query = new QueryReader(context.Request, "namespace");
        var scope = Caller.ScopeOf(context.User);
        var place = query.Text("namespace") ?? scope.Own;
        if (!Namespaces.IsName(place))
            query.Errors.Add("namespace", $"must be {Namespaces.Form}");
        refusal = query.Errors.Any ? Problem.Invalid(query.Errors) : scope.Allows(place) ? null : Problem.NotYourNamespace(place, scope);
        return refusal is null ? place : null;
    }

    private static byte[] ValueIn(JsonElement body, FieldErrors errors)
    {
        byte[]? value = null;
        foreach (var property in body.EnumerateObject())
        {
            if (property.Name is not ("value" or "value_base64"))
                errors.AddMalformed(property.Name, "is not a field of a secret; there are value and value_base64");
            else if (property.Value.ValueKind == JsonValueKind.Null)
                continue;
            else if (property.Value.ValueKind != JsonValueKind.String)
                errors.AddMalformed(property.Name, "must be a text");
            else if (value is not null)
                errors.AddMalformed(property.Name, "is one too many: give value or value_base64");
            else if (property.Name == "value")
                value = Encoding.UTF8.GetBytes(property.Value.GetString()!);
            else if (!property.Value.TryGetBytesFromBase64(out value))
                errors.AddMalformed(property.Name, "must be base64");
        }

        if (value is null && !errors.Any)
            errors.AddMalformed("value", "is required, or value_base64 for bytes that are no text");
        else if (value is not null && WhyNot(value) is { } why)
            errors.Add("value", why);
        return value ?? [];
    }
}

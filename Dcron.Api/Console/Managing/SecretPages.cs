using System.Text;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console.Pages;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Api.Secrets;
using Dcron.Grains.Access;
using Dcron.Grains.Secrets;

namespace Dcron.Api.Console.Managing;

/// <summary>A secret in the list: never its value.</summary>
public sealed record SecretRow(string Name, string Namespace, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>A secret as the form asks for it, but for the value, which is never sent back; and what is wrong with it.</summary>
public sealed record SecretForm(string Name, string Namespace, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors);

/// <summary>Secrets by name: set, replaced and deleted. A value goes in here, and comes out nowhere.</summary>
internal static class SecretPages
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Fine = new Dictionary<string, IReadOnlyList<string>>();

    public static void Map(IEndpointRouteBuilder app)
    {
        ConsolePages.Page(app, "/secrets", Role.Viewer, (HttpContext context, SecretStore secrets) => ShowAsync(context, secrets, null), Reach.Filtered);
        ConsoleActions.Action(app, "/secrets", Role.Operator, "set_secret", SetAsync, Reach.Filtered);
        ConsoleActions.Action(app, "/console/secrets/{place}/{name}/delete", Role.Operator, "delete_secret", DeleteAsync, Reach.Filtered);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, SecretStore secrets, SecretForm? refused)
    {
        var scope = Caller.ScopeOf(context.User);
        var rows = new List<SecretDocument>();
        foreach (var place in scope.Names ?? (IReadOnlyList<string?>)[null])
            rows.AddRange(await secrets.ListAsync(place, context.RequestAborted));
        // The address of "Replace" names the secret, so that nothing but its value is left to fill in.
        var form = refused ?? new SecretForm(context.Request.Query["name"].ToString(), context.Request.Query["namespace"].ToString() is { Length: > 0 } place_ ? place_ : scope.Own, Fine);
        context.Response.Headers.CacheControl = "no-store";
        return ConsolePage.Of<SecretsPage>(
            context,
            new
            {
                Secrets = (IReadOnlyList<SecretRow>)[.. rows.Select(secret => new SecretRow(secret.Name, secret.Namespace, secret.Version, secret.CreatedAt, secret.UpdatedAt, secret.UpdatedBy))],
                Form = form,
            },
            refused is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task<IResult> SetAsync(HttpContext context, SecretStore secrets)
    {
        var fields = await context.Request.ReadFormAsync(context.RequestAborted);
        var scope = Caller.ScopeOf(context.User);
        var (name, place) = (fields["name"].ToString().Trim(), fields["namespace"].ToString().Trim() is { Length: > 0 } given ? given : scope.Own);
        var errors = new FieldErrors();
        if (!SecretReference.IsName(name))
            errors.Add("name", $"must be {SecretReference.NameForm}");
        if (!Namespaces.IsName(place))
            errors.Add("namespace", $"must be {Namespaces.Form}");
        else if (!scope.Allows(place))
            errors.Add("namespace", $"must be one of your own: {scope}");
        var value = await ValueOfAsync(fields, errors, context.RequestAborted);
        if (errors.Any)
            return await ShowAsync(context, secrets, new SecretForm(name, place, errors.ToDictionary()));

        await SecretEndpoints.AuditAsync(context, place, name, await secrets.FindAsync(place, name, context.RequestAborted), isSet: true);
        switch (await secrets.SetAsync(place, name, value, Caller.NameOf(context.User), context.RequestAborted))
        {
            case SecretSetting.Stored stored:
                return ConsolePage.SeeOther($"/secrets?done={(stored.IsNew ? "secret-set" : "secret-replaced")}");
            case SecretSetting.NoKey none:
                errors.Add("value", $"can't be kept: {none.Reason.TrimEnd('.')}");
                return await ShowAsync(context, secrets, new SecretForm(name, place, errors.ToDictionary()));
            case var other:
                throw new System.Diagnostics.UnreachableException($"{other}");
        }
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string place, string name, SecretStore secrets)
    {
        var scope = Caller.ScopeOf(context.User);
        if (!scope.Allows(place))
            return Problem.NotYourNamespace(place, scope);
        if (!Namespaces.IsName(place) || !SecretReference.IsName(name) || await secrets.FindAsync(place, name, context.RequestAborted) is not { } known)
            return Problem.NoSuchSecret(place, name);

        await SecretEndpoints.AuditAsync(context, place, name, known, isSet: false);
        return await secrets.DeleteAsync(place, name, context.RequestAborted) ? ConsolePage.SeeOther("/secrets?done=secret-deleted") : Problem.NoSuchSecret(place, name);
    }

    /// <summary>A file's bytes as they are, or a text with the line breaks of this system: browsers send others.</summary>
    private static async Task<byte[]> ValueOfAsync(IFormCollection fields, FieldErrors errors, CancellationToken cancellationToken)
    {
        byte[] value;
        if (fields.Files.GetFile("file") is { Length: > 0 } file)
        {
            using var content = new MemoryStream();
            await using var stream = file.OpenReadStream();
            if (file.Length <= SecretStore.MaxBytes)
                await stream.CopyToAsync(content, cancellationToken);
            value = file.Length <= SecretStore.MaxBytes ? content.ToArray() : new byte[SecretStore.MaxBytes + 1];
        }
        else
        {
            value = Encoding.UTF8.GetBytes(fields["value"].ToString().ReplaceLineEndings("\n"));
        }

        if (SecretEndpoints.WhyNot(value) is { } why)
            errors.Add("value", why);
        return value;
    }
}

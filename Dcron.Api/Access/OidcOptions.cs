namespace Dcron.Api.Access;

/// <summary>The section <c>Dcron:Api:Oidc</c>: an issuer whose tokens (JWT) are as good as keys.</summary>
public sealed class OidcOptions
{
    /// <summary>Address of the issuer, which has <c>/.well-known/openid-configuration</c> below it. Null: no tokens are accepted.</summary>
    public string? Authority { get; set; }

    /// <summary>What a token's <c>aud</c> must hold. Needed with an authority.</summary>
    public string? Audience { get; set; }

    /// <summary>The claim with the caller's roles: a text, or a list of them.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>What stands before viewer, operator or admin in that claim. An issuer's own "admin" is thus nobody's admin here.</summary>
    public string RolePrefix { get; set; } = "dcron-";

    /// <summary>The claim with the namespaces that the caller is limited to, <c>*</c> for all. Null: callers with a role have it in all namespaces.</summary>
    public string? NamespaceClaim { get; set; }

    /// <summary>The claim with the caller's name for people.</summary>
    public string NameClaim { get; set; } = "preferred_username";

    internal bool IsOn => Authority is not null;

    internal IEnumerable<string> Mistakes()
    {
        if (!IsOn)
        {
            if (Audience is not null)
                yield return "Dcron:Api:Oidc:Audience is set without Dcron:Api:Oidc:Authority; set the issuer's address too.";
            yield break;
        }

        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)))
            yield return $"Dcron:Api:Oidc:Authority is '{Authority}'; it must be an https address, such as https://login.example.org/realms/ops (http only on this machine).";
        if (string.IsNullOrWhiteSpace(Audience))
            yield return "Dcron:Api:Oidc:Audience is needed: without it, a token that was made for any other service of the issuer would be accepted.";
        if (string.IsNullOrWhiteSpace(RoleClaim))
            yield return "Dcron:Api:Oidc:RoleClaim is empty; name the claim with the roles, such as roles or groups.";
    }
}

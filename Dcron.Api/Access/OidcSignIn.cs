using System.Security.Claims;
using System.Text.Json;
using Dcron.Api.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Dcron.Api.Access;

/// <summary>Sign-in by tokens of an OpenID Connect issuer, beside keys.</summary>
internal static class OidcSignIn
{
    public const string Scheme = "oidc";

    // Only signatures that the issuer alone can make: with a shared secret, whoever can check a token can make one.
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Adds the scheme; it is asked only where an authority is configured.</summary>
    public static void AddTo(AuthenticationBuilder builder)
    {
        builder.AddJwtBearer(Scheme, _ => { });
        builder.Services.AddOptions<JwtBearerOptions>(Scheme).Configure<IOptions<ApiOptions>, TimeProvider>((bearer, api, time) =>
        {
            var oidc = api.Value.Oidc;
            bearer.Authority = oidc.Authority ?? "https://localhost/none";
            bearer.RequireHttpsMetadata = !(Uri.TryCreate(oidc.Authority, UriKind.Absolute, out var uri) && uri.IsLoopback);
            bearer.MapInboundClaims = false;
            bearer.TimeProvider = time;
            bearer.TokenValidationParameters = new TokenValidationParameters
            {
                ValidAudience = oidc.Audience,
                ValidateAudience = true,
                ValidateIssuer = true,
                ValidateLifetime = true,
                RequireExpirationTime = true,
                RequireSignedTokens = true,
                ValidAlgorithms = Algorithms,
                ClockSkew = TimeSpan.FromSeconds(30),
            };
        });
    }

    /// <summary>The caller that a valid token speaks of. Without a role that counts here, nobody who may do anything.</summary>
    public static ClaimsPrincipal CallerOf(ClaimsPrincipal token, DateTimeOffset? until, OidcOptions options)
    {
        Role? role = null;
        foreach (var text in Values(token, options.RoleClaim))
        {
            if (text.StartsWith(options.RolePrefix, StringComparison.Ordinal) && Words.TryParse<Role>(text[options.RolePrefix.Length..], out var some) && !(role >= some))
                role = some;
        }

        var scope = options.NamespaceClaim is { } claim ? NamespaceScope.Of(Values(token, claim)) : NamespaceScope.All;
        var subject = token.FindFirst("sub")?.Value ?? "";
        var name = token.FindFirst(options.NameClaim)?.Value ?? subject;
        return Caller.Principal($"oidc:{subject}", name.Length > 0 ? name : "somebody", role, scope, until);
    }

    // A list comes as one claim an entry, a text with spaces (as in "scope") as one claim, an object's list as JSON.
    private static IEnumerable<string> Values(ClaimsPrincipal token, string claim) => token.FindAll(claim).SelectMany(found =>
        found.Value.StartsWith('[') ? FromJson(found.Value) : found.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static IEnumerable<string> FromJson(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return [.. parsed.RootElement.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}

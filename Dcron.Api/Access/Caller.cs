using System.Globalization;
using System.Security.Claims;
using Dcron.Api.Json;

namespace Dcron.Api.Access;

/// <summary>Who calls, in ASP.NET's terms.</summary>
internal static class Caller
{
    public const string Scheme = "dcron";
    private const string RoleClaim = "dcron:role";
    private const string IdClaim = "dcron:id";
    private const string NamespaceClaim = "dcron:namespace";
    private const string UntilClaim = "dcron:until";

    /// <param name="id">Stable name of the credential; never the credential.</param>
    /// <param name="name">For people.</param>
    /// <param name="role">What the caller may do; null for nothing.</param>
    /// <param name="scope">Where.</param>
    /// <param name="until">When the credential ends; null for never.</param>
    public static ClaimsPrincipal Principal(string id, string name, Role? role, NamespaceScope scope, DateTimeOffset? until = null)
    {
        var claims = new List<Claim> { new(IdClaim, id), new(ClaimTypes.Name, name) };
        if (role is { } some)
            claims.Add(new Claim(RoleClaim, Words.Of(some)));
        claims.AddRange(scope.ToList().Select(item => new Claim(NamespaceClaim, item)));
        if (until is { } end)
            claims.Add(new Claim(UntilClaim, end.ToString("O", CultureInfo.InvariantCulture)));
        return new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme));
    }

    /// <summary>Null when nobody is signed in, or somebody without a role.</summary>
    public static Role? RoleOf(ClaimsPrincipal user) => Words.TryParse<Role>(user.FindFirst(RoleClaim)?.Value, out var role) ? role : null;

    public static string IdOf(ClaimsPrincipal user) => user.FindFirst(IdClaim)?.Value ?? "";

    public static string NameOf(ClaimsPrincipal user) => user.Identity?.Name ?? "somebody";

    public static NamespaceScope ScopeOf(ClaimsPrincipal user) => NamespaceScope.Of(user.FindAll(NamespaceClaim).Select(claim => claim.Value));

    /// <summary>When the credential ends; null for never.</summary>
    public static DateTimeOffset? EndOf(ClaimsPrincipal user) =>
        user.FindFirst(UntilClaim) is { } claim ? DateTimeOffset.Parse(claim.Value, CultureInfo.InvariantCulture) : null;
}

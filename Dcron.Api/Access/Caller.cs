using System.Security.Claims;
using Dcron.Api.Json;

namespace Dcron.Api.Access;

/// <summary>Who calls, in ASP.NET's terms.</summary>
internal static class Caller
{
    public const string Scheme = "dcron";
    private const string RoleClaim = "dcron:role";
    private const string IdClaim = "dcron:id";

    /// <param name="id">Stable name of the credential; never the credential.</param>
    public static ClaimsPrincipal Principal(string id, string name, Role role) => new(new ClaimsIdentity(
        [new Claim(IdClaim, id), new Claim(ClaimTypes.Name, name), new Claim(RoleClaim, Words.Of(role))], Scheme));

    /// <summary>Null when nobody is signed in.</summary>
    public static Role? RoleOf(ClaimsPrincipal user) => Words.TryParse<Role>(user.FindFirst(RoleClaim)?.Value, out var role) ? role : null;

    public static string IdOf(ClaimsPrincipal user) => user.FindFirst(IdClaim)?.Value ?? "";

    public static string NameOf(ClaimsPrincipal user) => user.Identity?.Name ?? "somebody";
}

using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using Dcron.Api.Json;
using Dcron.Api.Keys;
using Dcron.Api.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Access;

/// <summary>
/// Knows callers by their key: <c>Authorization: Bearer</c> from programs, and from a browser's own sign-in dialogue <c>Basic</c> with any user name
/// and the key as the password. Where no key is needed, whoever comes without one is this machine's admin.
/// </summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    ApiKeys keys,
    KeyPolicy policy)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Health is asked without a key, and must not depend on the store that keys live in.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            return AuthenticateResult.NoResult();

        if (Request.Headers.Authorization is not [{ } header])
        {
            return Request.Headers.Authorization.Count > 0 ? AuthenticateResult.Fail("more than one Authorization header")
                : policy.NeedsKey(Context) ? AuthenticateResult.NoResult()
                : Success("local", "this machine", Role.Admin);
        }

        return KeyIn(header) is { } text && await keys.FindAsync(text, Context.RequestAborted) is { } key
            ? Success(key.Id, key.Name, key.Role)
            : AuthenticateResult.Fail("unknown key");
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var presented = Request.Headers.Authorization.Count > 0;
        Response.Headers.WWWAuthenticate = Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? "Basic realm=\"dcron (any user name; the API key is the password)\", charset=\"UTF-8\""
            : presented ? "Bearer realm=\"dcron\", error=\"invalid_token\"" : "Bearer realm=\"dcron\"";
        await Problem.KeyNeeded(presented
            ? "The key is not known, or was revoked. Send one that is: Authorization: Bearer dcron_…"
            : "Send a key with the request: Authorization: Bearer dcron_…").ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var needed = Context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>() is [.., { Policy: { } name }] ? name : Words.Of(Role.Viewer);
        var has = Caller.RoleOf(Context.User) is { } role ? Words.Of(role) : "none";
        return Problem.RoleTooSmall(needed, has).ExecuteAsync(Context);
    }

    /// <summary>The key in an Authorization header; null when there is none that can be read.</summary>
    internal static string? KeyIn(string header)
    {
        if (!AuthenticationHeaderValue.TryParse(header, out var value) || value.Parameter is not { Length: > 0 and <= 1024 } parameter)
            return null;
        if (value.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            return parameter;
        if (!value.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
            return null;

        var bytes = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, bytes, out var length))
            return null;

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        return pair.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? pair[(colon + 1)..] : null;
    }

    private static AuthenticateResult Success(string id, string name, Role role) =>
        AuthenticateResult.Success(new AuthenticationTicket(Caller.Principal(id, name, role), Caller.Scheme));
}

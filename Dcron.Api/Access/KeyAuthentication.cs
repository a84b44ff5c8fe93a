using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using Dcron.Api.Console;
using Dcron.Api.Console.SignIn;
using Dcron.Api.Json;
using Dcron.Api.Keys;
using Dcron.Api.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Access;

/// <summary>
/// Knows callers by their key: <c>Authorization: Bearer</c>, or <c>Basic</c> with any user name and the key as the password; by a token of the configured
/// issuer; and browsers that signed in with a key by their session. Where no key is needed, whoever comes without one is this machine's admin.
/// </summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    ApiKeys keys,
    SignInThrottle throttle,
    IOptions<ApiOptions> api,
    KeyPolicy policy,
    Sessions sessions)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private string? _refusal;
    private bool _slowedDown;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Health is asked without a key, and must not depend on the store that keys live in.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            return AuthenticateResult.NoResult();

        if (Request.Headers.Authorization is not [{ } header])
        {
            return Request.Headers.Authorization.Count > 0 ? AuthenticateResult.Fail("more than one Authorization header")
                : !policy.NeedsKey(Context) ? Success(Caller.Principal("local", "this machine", Role.Admin, NamespaceScope.All))
                : Request.Cookies[Sessions.Cookie] is { } token && await sessions.FindAsync(token, Context.RequestAborted) is { } session
                    ? Success(PrincipalOf(session))
                    : AuthenticateResult.NoResult();
        }

        if (KeyIn(header) is not { } credential)
            return AuthenticateResult.Fail("unreadable header");

        var hash = KeyText.Sha256(credential);
        var address = Context.Connection.RemoteIpAddress;
        if (!throttle.MayTry(address, hash))
        {
            _slowedDown = true;
            return AuthenticateResult.Fail("too many wrong keys");
        }

        var result = IsToken(credential) ? await TokenAsync() : await KeyAsync(credential);
        if (result.Succeeded)
            throttle.WasRight(address, hash);
        return result;
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (_slowedDown)
        {
            await Problem.TooManyTries(SignInThrottle.RetryAfterSeconds).ExecuteAsync(Context);
            return;
        }

        var presented = Request.Headers.Authorization.Count > 0;
        if (!presented && ConsolePage.IsWanted(Request))
        {
            Response.Redirect(SignInEndpoints.AddressFor(Request));
            return;
        }

        Response.Headers.WWWAuthenticate = presented ? "Bearer realm=\"dcron\", error=\"invalid_token\"" : "Bearer realm=\"dcron\"";
        await Problem.KeyNeeded(_refusal ?? (presented
            ? "The key is not known, or was revoked. Send one that is: Authorization: Bearer dcron_…"
            : "Send a key with the request: Authorization: Bearer dcron_…")).ExecuteAsync(Context);
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
        if (!AuthenticationHeaderValue.TryParse(header, out var value) || value.Parameter is not { Length: > 0 and <= LongestToken } parameter)
            return null;
        if (value.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            return parameter;
        if (!value.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) || parameter.Length > LongestKey)
            return null;

        var bytes = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, bytes, out var length))
            return null;

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        return pair.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? pair[(colon + 1)..] : null;
    }

    private const int LongestKey = 1024;
    private const int LongestToken = 16 * 1024;

    // A token has three parts; no key of ours has a dot, and a configured admin key with two of them is still tried as a key first.
    private bool IsToken(string credential) => api.Value.Oidc.IsOn && credential.Count(c => c == '.') == 2 && !keys.IsConfigured(credential);

    private async Task<AuthenticateResult> KeyAsync(string text)
    {
        if (text.Length > LongestKey || await keys.FindAsync(text, Context.RequestAborted) is not { } key)
            return AuthenticateResult.Fail("unknown key");
        if (!key.HasExpired)
        {
            keys.Used(key, Context.Connection.RemoteIpAddress);
            return Success(PrincipalOf(key));
        }

        _refusal = $"The key expired at {Dcron.Grains.Json.UtcTime.ToText(key.ExpiresAt!.Value)}. An admin hands out another: dcron key create.";
        return AuthenticateResult.Fail("expired key");
    }

    private async Task<AuthenticateResult> TokenAsync()
    {
        var result = await Context.AuthenticateAsync(OidcSignIn.Scheme);
        if (result is { Succeeded: true, Principal: { } principal })
            return Success(OidcSignIn.CallerOf(principal, result.Properties?.ExpiresUtc, api.Value.Oidc));

        _refusal = "The token is not one that this server accepts: it must come from the configured issuer, be meant for this audience, and not have expired.";
        return AuthenticateResult.Fail("invalid token");
    }

    private static System.Security.Claims.ClaimsPrincipal PrincipalOf(KnownKey key) => Caller.Principal(key.Id, key.Name, key.Role, key.Scope, key.ExpiresAt);

    private static AuthenticateResult Success(System.Security.Claims.ClaimsPrincipal caller) => AuthenticateResult.Success(new AuthenticationTicket(caller, Caller.Scheme));
}

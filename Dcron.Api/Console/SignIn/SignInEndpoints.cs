using Dcron.Api.Access;
using Dcron.Api.Console.Pages;
using Dcron.Api.Keys;

namespace Dcron.Api.Console.SignIn;

/// <summary>Lets a browser in with an API key, and out again.</summary>
internal static class SignInEndpoints
{
    public const string Path = "/signin";

    /// <summary>Readable by the sign-in page's script: a browser that comes from another site's link keeps its session's cookie back on the first request.</summary>
    private const string Marker = "dcron_signed_in";

    private static readonly TimeSpan AfterWrongKey = TimeSpan.FromMilliseconds(500);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet(Path, AskAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapPost(Path, SignInAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/signout", SignOutAsync).AllowAnonymous().ExcludeFromDescription();
    }

    /// <summary>Where to sign in, and then go on with what was asked for.</summary>
    public static string AddressFor(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) ? $"{Path}?return={Uri.EscapeDataString(request.Path + request.QueryString.ToUriComponent())}" : Path;

    private static async Task<IResult> AskAsync(HttpContext context, Sessions sessions, KeyPolicy policy)
    {
        var back = SafeReturn(context.Request.Query["return"]);
        var known = !policy.NeedsKey(context)
            || (context.Request.Cookies[Sessions.Cookie] is { } token && await sessions.FindAsync(token, context.RequestAborted) is not null);
        return known ? Results.Redirect(back) : Page(context, back, null, StatusCodes.Status200OK);
    }

    private static async Task<IResult> SignInAsync(HttpContext context, Sessions sessions, SignInThrottle throttle, TimeProvider time)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var back = SafeReturn(form["return"]);
        var key = form["key"].ToString().Trim();
        var (address, hash) = (context.Connection.RemoteIpAddress, KeyText.Sha256(key));
        if (!throttle.MayTry(address, hash))
            return Page(context, back, "Too many wrong keys came from this address. Wait a second.", StatusCodes.Status429TooManyRequests);

        if (key.Length is 0 or > 1024 || await sessions.SignInAsync(key, context.RequestAborted) is not { } token)
        {
            // Keys can't be guessed; this only keeps a script that tries from being a load.
            await Task.Delay(AfterWrongKey, time, context.RequestAborted);
            return Page(context, back, key.Length == 0 ? "Enter a key." : "This key is not known, or was revoked.", StatusCodes.Status422UnprocessableEntity);
        }

        throttle.WasRight(address, hash);
        var options = CookieOf(context, httpOnly: true);
        context.Response.Cookies.Append(Sessions.Cookie, token, options);
        context.Response.Cookies.Append(Marker, "1", CookieOf(context, httpOnly: false));
        return SeeOther(back);
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, Sessions sessions)
    {
        if (context.Request.Cookies[Sessions.Cookie] is { } token)
            await sessions.SignOutAsync(token, context.RequestAborted);
        context.Response.Cookies.Delete(Sessions.Cookie, CookieOf(context, httpOnly: true));
        context.Response.Cookies.Delete(Marker, CookieOf(context, httpOnly: false));
        return SeeOther(Path);
    }

    private static IResult Page(HttpContext context, string back, string? error, int status)
    {
        context.Response.Headers.CacheControl = "no-store";
        return ConsolePage.Of<SignInPage>(context, new { Return = back, Error = error }, status);
    }

    private static IResult SeeOther(string to) => ConsolePage.SeeOther(to);

    private static CookieOptions CookieOf(HttpContext context, bool httpOnly) => new()
    {
        HttpOnly = httpOnly,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = Sessions.Lifetime,
        IsEssential = true,
    };

    /// <summary>A path of this server; anything else would let a link send people elsewhere after they signed in.</summary>
    internal static string SafeReturn(string? path) =>
        path is { Length: > 0 and <= 2000 } && path[0] == '/' && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\') && !path.Any(char.IsControl)
            ? path
            : "/";
}

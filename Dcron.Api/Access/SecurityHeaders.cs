using Microsoft.AspNetCore.Http.Extensions;

namespace Dcron.Api.Access;

/// <summary>What every answer tells a browser: guess no types, run nothing, show it in no frame, leak no addresses.</summary>
internal static class SecurityHeaders
{
    private const string ForAnswers = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>The dashboard brings its own script and sets styles from it.</summary>
    private const string ForDashboard =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public static Task Add(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            if (headers.ContentSecurityPolicy.Count == 0)
                headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/dashboard") ? ForDashboard : ForAnswers;
            if (headers.CacheControl.Count == 0)
                headers.CacheControl = "private, no-cache";
            return Task.CompletedTask;
        });
        return next(context);
    }
}

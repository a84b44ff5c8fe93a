using System.Net;
using Dcron.Api.Problems;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Access;

/// <summary>
/// Keeps pages of other sites, open in a browser on this machine, from using a node that asks no key: by a name of theirs that they let point to loopback
/// (DNS rebinding), or by sending it forms (request forgery).
/// </summary>
internal sealed class BrowserGuard(RequestDelegate next, KeyPolicy policy, IOptions<ApiOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        var host = context.Request.Host;
        if (!policy.NeedsKey(context) && !IsOwnName(host.Host, options.Value.AllowedHosts))
            return Problem.ForeignHost(host.Host).ExecuteAsync(context);

        return IsForeignWrite(context.Request) ? Problem.ForeignOrigin().ExecuteAsync(context) : next(context);
    }

    /// <summary>Names that nobody else can let point here; an address needs no name server to be believed.</summary>
    internal static bool IsOwnName(string host, IEnumerable<string> allowed) =>
        host.Length == 0
        || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out _)
        || allowed.Contains(host, StringComparer.OrdinalIgnoreCase);

    internal static bool IsForeignWrite(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return false;

        // Only browsers send these; what a program sends is its own business.
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site)
            return site is not ("same-origin" or "none");

        return request.Headers.Origin.ToString() is { Length: > 0 } origin
            && !origin.Equals($"{request.Scheme}://{request.Host.ToUriComponent()}", StringComparison.OrdinalIgnoreCase);
    }
}

using Dcron.Api.Access;
using Dcron.Api.Console.Parts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dcron.Api.Console;

/// <summary>Answers pages of the console: components that are rendered once, here, and hold nothing afterwards.</summary>
internal static class ConsolePage
{
    /// <summary>No script and no style but the console's own, nothing inline, nothing from elsewhere.</summary>
    public const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <param name="context">The request.</param>
    /// <param name="parameters">An object whose properties are the page's parameters.</param>
    /// <param name="status">The answer's status.</param>
    public static IResult Of<TPage>(HttpContext context, object? parameters = null, int status = StatusCodes.Status200OK)
        where TPage : IComponent
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var property in parameters?.GetType().GetProperties() ?? [])
            values[property.Name] = property.GetValue(parameters);
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return new RazorComponentResult<Frame>(new Dictionary<string, object?>
        {
            [nameof(Frame.Viewer)] = Viewer.Of(context),
            [nameof(Frame.Page)] = typeof(TPage),
            [nameof(Frame.Parameters)] = values,
        })
        {
            StatusCode = status,
            PreventStreamingRendering = true,
        };
    }

    /// <summary>After something was done: what is shown then can be reloaded without doing it again.</summary>
    public static IResult SeeOther(string to) => new Redirection(to);

    /// <summary>True for a browser that asks for something to look at, rather than a program that calls the API.</summary>
    public static bool IsWanted(HttpRequest request) =>
        request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !request.Path.StartsWithSegments(ApiPaths.Root) && !request.Path.StartsWithSegments("/healthz") && !request.Path.StartsWithSegments(ConsoleAssets.Root);

    private sealed class Redirection(string to) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = to;
            return Task.CompletedTask;
        }
    }
}

using Microsoft.AspNetCore.Http.Extensions;

namespace Dcron.Api.Requests;

/// <summary>Says where the next page is, keeping everything else that was asked for.</summary>
internal static class NextLink
{
    public static void Add(HttpContext context, string? cursor)
    {
        if (cursor is null)
            return;

        var kept = context.Request.Query
            .Where(pair => pair.Key != "cursor")
            .SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value ?? ""));
        var query = new QueryBuilder(kept) { { "cursor", cursor } };
        var path = context.Request.PathBase.Add(context.Request.Path);
        context.Response.Headers.Link = $"<{path.ToUriComponent()}{query.ToQueryString().ToUriComponent()}>; rel=\"next\"";
    }
}

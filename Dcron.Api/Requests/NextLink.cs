using Microsoft.AspNetCore.Http.Extensions;

namespace Dcron.Api.Requests;

/// <summary>Says where the next page is, keeping everything else that was asked for.</summary>
internal static class NextLink
{
    public static void Add(HttpContext context, string? cursor)
    {
        if (cursor is null)
            return;

        var query = new QueryBuilder(context.Request.Query.Where(pair => pair.Key != "cursor").SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value ?? "")))
        {
            { "cursor", cursor },
        };
        context.Response.Headers.Link = $"<{context.Request.PathBase.Add(context.Request.Path).ToUriComponent()}{query.ToQueryString().ToUriComponent()}>; rel=\"next\"";
    }
}

namespace Dcron.Cli.Api;

/// <summary>One request. Its content is made anew for each try.</summary>
/// <param name="Path">Below <c>/api/v1/</c>, with its query; or a path from the root, as <c>Link</c> headers have it.</param>
internal sealed record Call(HttpMethod Method, string Path)
{
    public Func<HttpContent>? Content { get; init; }

    /// <summary>The ETag that the resource must still have.</summary>
    public string? IfMatch { get; init; }

    /// <summary>Null for a random one; sent with POST only.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>True to get the answer as soon as its headers are there.</summary>
    public bool Streamed { get; init; }

    /// <summary>True to let the server refuse (too large, no key) before the content is sent, instead of hanging up in the middle of it.</summary>
    public bool AsksFirst { get; init; }

    public string? Accept { get; init; }

    /// <summary>First byte that is wanted.</summary>
    public long? From { get; init; }

    /// <summary>Last byte that is wanted; null for all from <see cref="From"/> on.</summary>
    public long? To { get; init; }

    /// <summary>The last server-sent event that was seen.</summary>
    public string? LastEventId { get; init; }

    public static Call Get(string path) => new(HttpMethod.Get, path);

    public static Call Post(string path, Func<HttpContent>? content = null) => new(HttpMethod.Post, path) { Content = content };

    public static Call Delete(string path) => new(HttpMethod.Delete, path);

    public static Call Patch(string path, string etag, Func<HttpContent> content) => new(HttpMethod.Patch, path) { IfMatch = etag, Content = content };
}

using System.Globalization;

namespace Dcron.Api.Jobs;

/// <summary>The ETag of a job: its version.</summary>
internal static class EntityTags
{
    public static string Of(int version) => string.Create(CultureInfo.InvariantCulture, $"\"v{version}\"");

    /// <summary>Whether <c>If-Match</c>, if there is one, names this version.</summary>
    public static bool Allows(HttpRequest request, int version) => request.Headers.IfMatch.Count == 0 || Names(request.Headers.IfMatch.ToString(), version);

    /// <summary>The version that an update must find: the one that If-Match has named, or none.</summary>
    public static int? Expected(HttpRequest request, int version) =>
        request.Headers.IfMatch.Count > 0 && request.Headers.IfMatch.ToString().Trim() != "*" ? version : null;

    /// <summary>Whether <c>If-None-Match</c> names this version.</summary>
    public static bool IsKnown(HttpRequest request, int version) => request.Headers.IfNoneMatch.Count > 0 && Names(request.Headers.IfNoneMatch.ToString(), version);

    // Proxies that compress make tags weak; the version is the same.
    private static bool Names(string list, int version) => list.Split(',', StringSplitOptions.TrimEntries)
        .Any(tag => tag == "*" || (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag) == Of(version));
}

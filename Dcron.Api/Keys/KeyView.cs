using System.Text.Json.Serialization;

namespace Dcron.Api.Keys;

/// <summary>An API key as clients see it.</summary>
/// <param name="Namespaces">Those that it is limited to; <c>*</c> for all.</param>
/// <param name="LastUsedAt">To the minute; null for never.</param>
/// <param name="Key">The whole key, in the answer to its creation only: it is stored as a hash.</param>
internal sealed record KeyView(
    string KeyId,
    string Name,
    string Role,
    DateTimeOffset CreatedAt,
    IReadOnlyList<string> Namespaces,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    string? LastUsedFrom,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null);

/// <summary>The body of <c>POST /keys</c>.</summary>
/// <param name="Name">For people: whose key it is.</param>
/// <param name="Role"><c>viewer</c>, <c>operator</c> or <c>admin</c>.</param>
/// <param name="Namespaces">What it is limited to; the caller's own where it is left out.</param>
/// <param name="ExpiresAt">When it stops to count; never where it is left out.</param>
internal sealed record KeyRequest(string Name, string Role, IReadOnlyList<string>? Namespaces, DateTimeOffset? ExpiresAt);

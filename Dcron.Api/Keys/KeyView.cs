using System.Text.Json.Serialization;

namespace Dcron.Api.Keys;

/// <summary>An API key as clients see it.</summary>
/// <param name="Key">The whole key, in the answer to its creation only: it is stored as a hash.</param>
internal sealed record KeyView(
    string KeyId,
    string Name,
    string Role,
    DateTimeOffset CreatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null);

/// <summary>The body of <c>POST /keys</c>.</summary>
/// <param name="Name">For people: whose key it is.</param>
/// <param name="Role"><c>viewer</c>, <c>operator</c> or <c>admin</c>.</param>
internal sealed record KeyRequest(string Name, string Role);

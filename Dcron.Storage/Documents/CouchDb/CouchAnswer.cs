using System.Net;
using System.Text.Json;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>What CouchDB answered to one request.</summary>
internal readonly record struct CouchAnswer(HttpStatusCode Status, ReadOnlyMemory<byte> Body)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public bool IsNotFound => Status == HttpStatusCode.NotFound;

    public bool IsConflict => Status == HttpStatusCode.Conflict;

    /// <summary>True where the database itself is missing, and not only something in it.</summary>
    public bool IsNoDatabase => IsNotFound && Refusal() is { Reason: "Database does not exist." or "no_db_file" };

    /// <summary>What a refusal says about itself.</summary>
    public CouchRefusal Refusal()
    {
        try
        {
            using var document = JsonDocument.Parse(Body);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new CouchRefusal(Status, TextOf(document.RootElement, "error"), TextOf(document.RootElement, "reason"));
            }
        }
        catch (JsonException)
        {
            // The status says enough.
        }

        return new CouchRefusal(Status, null, null);
    }

    public static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Why CouchDB did not do what it was asked.</summary>
/// <param name="Status">Of the answer.</param>
/// <param name="Error">CouchDB's word for it.</param>
/// <param name="Reason">CouchDB's sentence about it.</param>
internal sealed record CouchRefusal(HttpStatusCode Status, string? Error, string? Reason);

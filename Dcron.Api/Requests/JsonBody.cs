using System.Text.Json;
using Dcron.Api.Problems;
using Microsoft.Net.Http.Headers;

namespace Dcron.Api.Requests;

/// <summary>A request's body as a JSON object, or the problem with it.</summary>
internal abstract record JsonBody
{
    /// <summary>Largest JSON body in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const string HalfAPair = "A text in it has half of a surrogate pair, which is no character.";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    private JsonBody()
    {
    }

    public sealed record Read(JsonElement Object) : JsonBody;

    public sealed record Refused(ProblemResult Problem) : JsonBody;

    /// <param name="request">The request.</param>
    /// <param name="mediaTypes">What is accepted, the preferred one first. Requiring one keeps forms of other sites out.</param>
    public static async Task<JsonBody> ReadAsync(HttpRequest request, params string[] mediaTypes)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var given)
            || !mediaTypes.Contains(given.MediaType.ToString(), StringComparer.OrdinalIgnoreCase))
        {
            return new Refused(Problem.UnsupportedMediaType($"Send the body as Content-Type: {mediaTypes[0]}."));
        }

        if (given.Charset.HasValue && !given.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            return new Refused(Problem.UnsupportedMediaType("Send the body in UTF-8."));

        if (request.ContentLength > MaxBytes)
            return new Refused(Problem.TooLarge(MaxBytes));

        try
        {
            using var bytes = new MemoryStream();
            if (!await TryCopyAsync(request, bytes))
                return new Refused(Problem.TooLarge(MaxBytes));

            using var document = JsonDocument.Parse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object && IsText(document.RootElement)
                ? new Read(document.RootElement.Clone())
                : new Refused(Problem.MalformedJson(document.RootElement.ValueKind == JsonValueKind.Object
                    ? HalfAPair
                    : "The body must be a JSON object, { … }."));
        }
        catch (InvalidOperationException)
        {
            // Names are compared with each other while they are read, and half of a surrogate pair can't be.
            return new Refused(Problem.MalformedJson(HalfAPair));
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $" (line {line + 1}, byte {e.BytePositionInLine + 1})" : "";
            return new Refused(Problem.MalformedJson(Sentence(e.Message) + place));
        }
    }

    private static async Task<bool> TryCopyAsync(HttpRequest request, MemoryStream bytes)
    {
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0;)
        {
            if (bytes.Length + read > MaxBytes)
                return false;
            bytes.Write(buffer, 0, read);
        }

        return true;
    }

    // "\ud800" is valid JSON and no text: reading it as a string throws, so it is found here, once, for everybody.
    private static bool IsText(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.Object => element.EnumerateObject().All(property => property.Name.Length >= 0 && IsText(property.Value)),
                JsonValueKind.Array => element.EnumerateArray().All(IsText),
                JsonValueKind.String => element.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string Sentence(string message) => message.Split(" LineNumber:", 2)[0].Split(" Path:", 2)[0];
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dcron.Api.Requests;

/// <summary>A JSON answer with its length, so that a client knows a whole one from one that was cut off.</summary>
internal sealed class Answer<T>(T value, JsonTypeInfo<T> type, int status) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}

internal static class Answer
{
    public static Answer<T> Json<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => new(value, type, status);
}

using System.Globalization;
using System.Text.Json;
using Dcron.Api.Json;

namespace Dcron.Api.Problems;

/// <summary>Answers a problem document.</summary>
internal sealed class ProblemResult(ProblemDocument problem, int? retryAfterSeconds = null) : IResult
{
    public const string ContentType = "application/problem+json";

    public ProblemDocument Problem => problem;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = problem.Status;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        if (retryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (HttpMethods.IsHead(httpContext.Request.Method))
            return;

        var body = JsonSerializer.SerializeToUtf8Bytes(problem, ProblemJson.Shared.ProblemDocument);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}

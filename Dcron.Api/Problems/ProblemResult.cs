using System.Globalization;
using System.Text.Json;
using Dcron.Api.Console;
using Dcron.Api.Console.Pages;
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
        if (ConsolePage.IsWanted(httpContext.Request))
        {
            await PageOf(httpContext).ExecuteAsync(httpContext);
            return;
        }

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

    private IResult PageOf(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var detail = problem.Errors is null ? problem.Detail : string.Join(" ", problem.Errors.SelectMany(field => field.Value.Select(message => $"{field.Key}: {message}.")));
        return ConsolePage.Of<ErrorPage>(context, new { problem.Title, Detail = detail, Every = retryAfterSeconds }, problem.Status);
    }
}

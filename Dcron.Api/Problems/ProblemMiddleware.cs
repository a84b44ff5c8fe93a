using Dcron.Api.Scripts;

namespace Dcron.Api.Problems;

/// <summary>Turns whatever goes wrong below into a problem document: outages into 503, faults into 500 without a word about the inside.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var problem = ProblemOf(context, e);
            context.Response.Clear();
            await problem.ExecuteAsync(context);
            return;
        }

        await ExplainBareStatus(context);
    }

    private ProblemResult ProblemOf(HttpContext context, Exception e)
    {
        if (e is BadHttpRequestException bad)
        {
            return bad.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? Problem.TooLarge(ScriptEndpoints.MaxBytes)
                : Problem.Status(bad.StatusCode);
        }

        if (Outage.Of(e) is { } what)
        {
            Unavailable(logger, context.Request.Method, context.Request.Path, what, e.Message);
            return Problem.Unavailable(what);
        }

        Failed(logger, e, context.Request.Method, context.Request.Path, context.TraceIdentifier);
        return Problem.Unexpected();
    }

    /// <summary>Routing answers 404, 405 and 415 without a body.</summary>
    private static async Task ExplainBareStatus(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < 400 || response.ContentLength > 0 || !string.IsNullOrEmpty(response.ContentType))
            return;

        ProblemResult problem = response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Problem.NotFound($"There is nothing at {context.Request.Path}. What there is stands in /openapi/v1.json."),
            StatusCodes.Status405MethodNotAllowed => Problem.MethodNotAllowed(context.Request.Method, response.Headers.Allow.ToString()),
            StatusCodes.Status415UnsupportedMediaType => Problem.UnsupportedMediaType("Send the body as Content-Type: application/json, or a patch as application/merge-patch+json."),
            var status => Problem.Status(status),
        };
        await problem.ExecuteAsync(context);
    }

    [LoggerMessage(LogLevel.Warning, "{Method} {Path}: {What} is out of reach: {Reason}")]
    private static partial void Unavailable(ILogger logger, string method, PathString path, string what, string reason);

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed (request {RequestId})")]
    private static partial void Failed(ILogger logger, Exception exception, string method, PathString path, string requestId);
}

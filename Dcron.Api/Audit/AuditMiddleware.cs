using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Microsoft.AspNetCore.Authorization;

namespace Dcron.Api.Audit;

/// <summary>
/// Gives each call that changes something its audit, and writes down how it ended. A call that succeeds without having begun one is recorded
/// afterwards, so that nothing is left out by oversight.
/// </summary>
internal sealed partial class AuditMiddleware(RequestDelegate next, AuditStore store, JobNamespaces jobs, TimeProvider time, ILogger<AuditMiddleware> logger)
{
    public Task InvokeAsync(HttpContext context)
    {
        var method = context.Request.Method;
        return HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
            || context.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null
                ? next(context)
                : HandleAsync(context, endpoint);
    }

    private async Task HandleAsync(HttpContext context, RouteEndpoint endpoint)
    {
        var target = await TargetOfAsync(context);
        var named = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName;
        var action = named is not null ? JsonNamingPolicy.SnakeCaseLower.ConvertName(named)
            : endpoint.Metadata.GetMetadata<AuditedAs>()?.Action ?? $"{context.Request.Method} /{endpoint.RoutePattern.RawText?.TrimStart('/')}";
        var trail = new AuditTrail(context, action, store, time);
        context.Features.Set(trail);
        var status = StatusCodes.Status503ServiceUnavailable;
        try
        {
            await next(context);
            status = context.Response.StatusCode;
            if (trail.Records.Count == 0 && status < 400)
                await trail.BeginAsync(target);
        }
        finally
        {
            foreach (var record in trail.Records)
                await EndAsync(record, status);
        }
    }

    private async ValueTask<AuditTarget> TargetOfAsync(HttpContext context)
    {
        var values = context.Request.RouteValues;
        if (JobId.TryParse(values.GetValueOrDefault("job_id") as string, out var job))
            return new AuditTarget($"job:{job}", await jobs.FindAsync(job, context.RequestAborted));
        if (ExecutionId.TryParse(values.GetValueOrDefault("execution_id") as string, out var execution))
            return new AuditTarget($"execution:{execution}", await jobs.FindAsync(execution.JobId, context.RequestAborted));

        var route = values.FirstOrDefault(value => value.Key.EndsWith("_id", StringComparison.Ordinal));
        var kind = context.Request.Path.Value!.Split('/').Last(part => part.Length > 0 && part is not ("new" or "link" or "v1")).TrimEnd('s');
        return route.Key is null ? new AuditTarget(kind + ":", null) : new AuditTarget($"{route.Key[..^3]}:{route.Value}", null);
    }

    private async Task EndAsync(AuditRecord record, int status)
    {
        try
        {
            await store.AppendAsync(record, new AuditOutcome { AuditId = record.AuditId, EndedAt = time.GetUtcNow(), Status = status }, CancellationToken.None);
        }
        catch (DocumentStoreUnavailableException e)
        {
            // The record stands, and shows as one whose outcome is unknown.
            NotEnded(logger, record.AuditId, status, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "How {AuditId} ended ({Status}) could not be added to the audit: {Reason}")]
    private static partial void NotEnded(ILogger logger, string auditId, int status, string reason);
}

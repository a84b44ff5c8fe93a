using Dcron.Api.Problems;

namespace Dcron.Api.Health;

/// <summary>While the node still waits for its stores, calls are told so; only its health can be asked for.</summary>
internal sealed class Starting(RequestDelegate next, IHostApplicationLifetime lifetime)
{
    public Task InvokeAsync(HttpContext context) =>
        lifetime.ApplicationStarted.IsCancellationRequested || context.Request.Path.StartsWithSegments("/healthz")
            ? next(context)
            : Problem.Starting().ExecuteAsync(context);
}

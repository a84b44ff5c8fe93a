using Dcron.Api.Json;
using Dcron.Api.Requests;

namespace Dcron.Api.Health;

/// <summary>For whoever watches the node: whether it lives, and whether it can do its work. Both are open.</summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/healthz").WithTags("Health").AllowAnonymous();
        health.MapGet("/live", () => Answer.Json(new HealthView("live", new Dictionary<string, string>()), ApiJson.Shared.HealthView))
            .WithName("Live").WithSummary("The process answers").Produces<HealthView>(200);
        health.MapGet("/ready", ReadyAsync)
            .WithName("Ready").WithSummary("The node can do its work").Produces<HealthView>(200).Produces<HealthView>(503);
    }

    private static async Task<IResult> ReadyAsync(HttpContext context, Readiness readiness)
    {
        var health = await readiness.AskAsync();
        context.Response.Headers.CacheControl = "no-store";
        return Answer.Json(health, ApiJson.Shared.HealthView, health.Status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}

using Dcron.Api.Access;
using Dcron.Api.Json;
using Prometheus;

namespace Dcron.Api.Metrics;

/// <summary>Figures for Prometheus at <c>/metrics</c>: the process's own, those of dcron's meter, and how calls are answered.</summary>
internal static class MetricsEndpoint
{
    public const string Meter = "dcron";

    public static void Map(WebApplication app)
    {
        // A registry of its own: the default one listens to every meter and event source of the process, which costs an idle node a good part of its budget.
        var registry = Prometheus.Metrics.NewCustomRegistry();
        DotNetStats.Register(registry);
        var adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = registry,
            InstrumentFilterPredicate = instrument => instrument.Meter.Name == Meter || instrument.Name == "http.server.request.duration",
        });
        app.Lifetime.ApplicationStopped.Register(adapter.Dispose);
        app.MapMetrics("/metrics", registry).RequireAuthorization(Words.Of(Role.Viewer)).ExcludeFromDescription();
    }
}

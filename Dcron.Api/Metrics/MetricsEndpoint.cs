using System.Diagnostics.Metrics;
using Dcron.Api.Access;
using Dcron.Api.Json;
using Prometheus;

namespace Dcron.Api.Metrics;

/// <summary>Figures for Prometheus at <c>/metrics</c>: the process's own, those of dcron's meter, and how calls are answered.</summary>
internal static class MetricsEndpoint
{
    public const string Meter = "dcron";
    private const string Calls = "http.server.request.duration";
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    // The library's own registry is one a process (a registry of one's own gets nothing from meters: seen with prometheus-net 8.2.1).
    private static readonly Lazy<IDisposable> Bridge = new(Start);

    public static void Map(WebApplication app)
    {
        _ = Bridge.Value;
        app.MapMetrics("/metrics").RequireAuthorization(Words.Of(Role.Viewer)).ExcludeFromDescription();
    }

    private static IDisposable Start()
    {
        // By default every meter and event source of the process is listened to, which would cost an idle node a good part of its budget.
        Prometheus.Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressEventCounters = true, SuppressMeters = true });
        return MeterAdapter.StartListening(new MeterAdapterOptions
        {
            InstrumentFilterPredicate = IsShown,
            ResolveHistogramBuckets = _ => Seconds,
        });
    }

    private static bool IsShown(Instrument instrument) => instrument.Meter.Name == Meter || instrument.Name == Calls;
}

using System.Diagnostics.Metrics;
using Dcron.Grains.Executions;

namespace Dcron.Grains;

/// <summary>What dcron measures of itself, under the meter <c>dcron</c>.</summary>
public static class DcronMetrics
{
    public const string MeterName = "dcron";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Finished = Meter.CreateCounter<long>("executions_finished", description: "Executions that this worker brought to their end, by result");
    private static readonly Histogram<double> Lag = Meter.CreateHistogram<double>("execution_start_lag", "s", "Start of the process minus the fire time, of scheduled executions");
    private static readonly Counter<long> Offers = Meter.CreateCounter<long>("offers", description: "Launches offered to workers by this silo's leader, by answer");
    private static readonly Gauge<int> Waiting = Meter.CreateGauge<int>("launches_waiting", description: "Owed launches that wait for a worker");

    internal static void ExecutionFinished(ExecutionDocument execution)
    {
        Finished.Add(1, new KeyValuePair<string, object?>("result", execution.ExecutionResult.ToString().ToLowerInvariant()));
        if (execution is { Trigger: ExecutionTrigger.Schedule, StartedAt: { } started })
        {
            Lag.Record((started - execution.ExecutionDate).TotalSeconds);
        }
    }

    internal static void Offered(string answer) => Offers.Add(1, new KeyValuePair<string, object?>("answer", answer));

    internal static void LaunchesWaiting(int count) => Waiting.Record(count);
}

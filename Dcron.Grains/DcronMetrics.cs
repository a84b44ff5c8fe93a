using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dcron.Grains.Executions;

namespace Dcron.Grains;

/// <summary>What dcron measures of itself, under the meter <c>dcron</c>.</summary>
public static class DcronMetrics
{
    public const string MeterName = "dcron";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Finished = Meter.CreateCounter<long>("executions_finished", description: "Executions that this worker brought to their end, by result");
    private static readonly Histogram<double> Lag = Meter.CreateHistogram<double>("execution_start_lag", "s", "Start of the process minus the instant at which it was due (the fire time with its jitter), of scheduled executions");
    private static readonly Counter<long> Offers = Meter.CreateCounter<long>("offers", description: "Launches offered to workers by this silo's leader, by answer");

    // Asked for when somebody looks: the library behind /metrics knows no gauge that is set, and complained to the system's log at each setting instead.
    private static readonly ObservableGauge<int> Waiting =
        Meter.CreateObservableGauge("launches_waiting", static () => Volatile.Read(ref _waiting), description: "Owed launches that wait for a worker");

    private static int _waiting;

    // What was not told for so long is of a worker that is gone, or of the time in which the leader was here.
    private static readonly TimeSpan ClockAge = TimeSpan.FromSeconds(30);
    private static readonly ConcurrentDictionary<string, (Measurement<double> Offset, long At)> ClockOffsets = new(StringComparer.Ordinal);
    private static readonly ObservableGauge<double> Clocks = Meter.CreateObservableGauge(
        "worker_clock_offset", RecentClockOffsets, "s", "By how much a worker's clock is ahead of that of this silo's machine, while the leader is here");

    internal static void ExecutionFinished(ExecutionDocument execution)
    {
        Finished.Add(1, new KeyValuePair<string, object?>("result", execution.ExecutionResult.ToString().ToLowerInvariant()));
        if (execution is { Trigger: ExecutionTrigger.Schedule, StartedAt: { } started })
        {
            Lag.Record((started - (execution.DueAt ?? execution.ExecutionDate)).TotalSeconds);
        }
    }

    internal static void Offered(string answer) => Offers.Add(1, new KeyValuePair<string, object?>("answer", answer));

    internal static void LaunchesWaiting(int count) => Volatile.Write(ref _waiting, count);

    internal static void ClockOffset(string workerId, string host, TimeSpan offset) => ClockOffsets[workerId] =
        (new Measurement<double>(offset.TotalSeconds, new KeyValuePair<string, object?>("worker", workerId), new KeyValuePair<string, object?>("host", host)), TimeProvider.System.GetTimestamp());

    private static List<Measurement<double>> RecentClockOffsets()
    {
        foreach (var (worker, last) in ClockOffsets)
        {
            if (TimeProvider.System.GetElapsedTime(last.At) > ClockAge)
            {
                ClockOffsets.TryRemove(KeyValuePair.Create(worker, last));
            }
        }

        return [.. ClockOffsets.Values.Select(last => last.Offset)];
    }
}

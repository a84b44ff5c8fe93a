using Dcron.Api.Json;
using Dcron.Grains.Workers;

namespace Dcron.Api.Workers;

/// <summary>A worker as clients see it.</summary>
/// <param name="Running">Slots in use.</param>
/// <param name="Interpreters">Interpreter name to its version.</param>
/// <param name="State"><c>active</c> or <c>draining</c>.</param>
/// <param name="Leads">True for the one on whose silo the leader is now.</param>
/// <param name="ClockOffsetSeconds">By how much its clock is ahead of that of the leader's machine, negative for behind; null until that can be told.</param>
/// <param name="Containment">How it contains scripts.</param>
internal sealed record WorkerView(
    string WorkerId,
    string Host,
    int Slots,
    int Running,
    IReadOnlyDictionary<string, string> Interpreters,
    IReadOnlyDictionary<string, string> Labels,
    string State,
    bool Leads,
    double? ClockOffsetSeconds,
    WorkerContainmentView? Containment)
{
    public static WorkerView Of(WorkerInfo worker) => new(
        worker.WorkerId, worker.Host, worker.Slots, worker.Running, worker.Interpreters, worker.Labels, Words.Of(worker.State), worker.Leads,
        worker.ClockOffset is { } offset ? Math.Round(offset.TotalSeconds, 3) + 0.0 : null, WorkerContainmentView.Of(worker.Containment));
}

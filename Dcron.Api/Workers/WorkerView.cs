using Dcron.Api.Json;
using Dcron.Grains.Workers;

namespace Dcron.Api.Workers;

/// <summary>A worker as clients see it.</summary>
/// <param name="Running">Slots in use.</param>
/// <param name="Interpreters">Interpreter name to its version.</param>
/// <param name="State"><c>active</c> or <c>draining</c>.</param>
internal sealed record WorkerView(
    string WorkerId,
    string Host,
    int Slots,
    int Running,
    IReadOnlyDictionary<string, string> Interpreters,
    IReadOnlyDictionary<string, string> Labels,
    string State)
{
    public static WorkerView Of(WorkerInfo worker) =>
        new(worker.WorkerId, worker.Host, worker.Slots, worker.Running, worker.Interpreters, worker.Labels, Words.Of(worker.State));
}

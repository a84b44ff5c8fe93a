using Dcron.Grains.Executions;
using Dcron.Grains.Workers;

namespace Dcron.Grains.Leading;

/// <summary>
/// The leader's picture of owed launches and workers, and the choice of who is offered what next: strictly round-robin over the workers that
/// can run the launch and seem to have a free slot. Pure; the picture may be wrong, a worker's answer corrects it.
/// </summary>
internal sealed class PlacementBoard
{
    /// <summary>Ten reports: a worker that was silent for so long is gone, or as good as.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<string, WorkerSeat> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<LaunchNeeds, PriorityQueue<ExecuteJob, DateTimeOffset>> _pending = [];
    private readonly HashSet<ExecutionId> _known = [];
    private string _lastOffered = "";

    /// <summary>Launches that wait for a worker.</summary>
    public int PendingCount => _pending.Values.Sum(queue => queue.Count);

    public IEnumerable<WorkerInfo> Workers => _workers.Values.Select(seat => seat.Info);

    /// <summary>A worker's report. Workers that have not reported for <see cref="Silence"/> are taken off the board.</summary>
    public void Report(WorkerInfo worker, DateTimeOffset now)
    {
        foreach (var silent in _workers.Where(pair => now - pair.Value.ReportedAt > Silence).Select(pair => pair.Key).ToList())
        {
            _workers.Remove(silent);
        }

        if (_workers.TryGetValue(worker.WorkerId, out var seat))
        {
            seat.Update(worker, now);
        }
        else
        {
            _workers.Add(worker.WorkerId, new WorkerSeat(worker, now));
        }
    }

    public void Remove(string workerId) => _workers.Remove(workerId);

    /// <summary>Adds an owed launch; nothing happens when it waits or is being offered already.</summary>
    public void Add(ExecuteJob launch)
    {
        if (_known.Add(launch.ExecutionId))
        {
            Enqueue(launch);
        }
    }

    /// <summary>The next offer to make, which then counts against the worker's slots until it is answered; null when nobody can take anything.</summary>
    public Offer? NextOffer()
    {
        // The oldest fire time first, but a kind of launch that nobody can take now must not hold up the others.
        foreach (var (needs, queue) in _pending.Where(pair => pair.Value.Count > 0).OrderBy(pair => Head(pair.Value)))
        {
            if (NextWorkerFor(needs) is { } seat)
            {
                var launch = queue.Dequeue();
                _lastOffered = seat.Info.WorkerId;
                seat.Offer();
                return new Offer(launch, seat.Info.WorkerId);
            }
        }

        return null;
    }

    public void Answered(Offer offer, ExecuteAnswer answer)
    {
        var seat = _workers.GetValueOrDefault(offer.WorkerId);
        seat?.OfferEnded();
        switch (answer)
        {
            case ExecuteAnswer.Accepted:
                seat?.Hold(offer.Launch.ExecutionId);
                _known.Remove(offer.Launch.ExecutionId);
                break;
            case ExecuteAnswer.AlreadyDecided:
                _known.Remove(offer.Launch.ExecutionId);
                break;
            case ExecuteAnswer.Declined:
                seat?.CloseUntilReport();
                Enqueue(offer.Launch);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"{answer}");
        }
    }

    /// <summary>The worker did not answer. Whether it claimed is unknown: the launch is offered again, and the claim's name settles it.</summary>
    public void Unanswered(Offer offer)
    {
        if (_workers.GetValueOrDefault(offer.WorkerId) is { } seat)
        {
            seat.OfferEnded();
            seat.CloseUntilReport();
        }

        Enqueue(offer.Launch);
    }

    public void SlotFreed(string workerId, ExecutionId executionId) => _workers.GetValueOrDefault(workerId)?.Release(executionId);

    private void Enqueue(ExecuteJob launch)
    {
        var needs = LaunchNeeds.Of(launch);
        if (!_pending.TryGetValue(needs, out var queue))
        {
            _pending.Add(needs, queue = new PriorityQueue<ExecuteJob, DateTimeOffset>());
        }

        queue.Enqueue(launch, launch.ExecutionId.FireTime);
    }

    private WorkerSeat? NextWorkerFor(LaunchNeeds needs)
    {
        var able = _workers.Values.Where(seat => seat.HasRoom && needs.AreMetBy(seat.Info)).ToList();
        return able.Find(seat => string.CompareOrdinal(seat.Info.WorkerId, _lastOffered) > 0) ?? able.FirstOrDefault();
    }

    private static DateTimeOffset Head(PriorityQueue<ExecuteJob, DateTimeOffset> queue) =>
        queue.TryPeek(out _, out var fireTime) ? fireTime : DateTimeOffset.MaxValue;
}

/// <summary>A launch on its way to a worker.</summary>
internal sealed record Offer(ExecuteJob Launch, string WorkerId);

/// <summary>What a launch asks of a worker; launches that ask the same wait in one queue.</summary>
internal sealed record LaunchNeeds(string ScriptType, string Selector)
{
    public static LaunchNeeds Of(ExecuteJob launch) => new(launch.ScriptType, LinesOf(launch.WorkerSelector));

    public bool AreMetBy(WorkerInfo worker) =>
        worker.Interpreters.ContainsKey(ScriptType) && (Selector.Length == 0 || Selector.Split('\n').All(LinesOf(worker.Labels).Split('\n').Contains));

    private static string LinesOf(IReadOnlyDictionary<string, string> labels) =>
        labels.Count == 0 ? "" : string.Join('\n', labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
}

using Dcron.Grains.Containing;
using Dcron.Grains.Executions;
using Dcron.Grains.Workers;

namespace Dcron.Grains.Leading;

/// <summary>
/// The leader's picture of owed launches and workers, and the choice of who is offered what next: strictly round-robin over the workers that
/// can run the launch and seem to have a free slot. While there is none, launches are offered ahead to workers that are full, to be claimed when a slot frees;
/// whoever has a free slot first is offered such a launch as well, and the claim's name settles who runs it. Pure; the picture may be wrong, a worker's answer
/// corrects it.
/// </summary>
internal sealed class PlacementBoard
{
    /// <summary>Ten reports: a worker that was silent for so long is gone, or as good as.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<string, WorkerSeat> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<LaunchNeeds, PriorityQueue<ExecuteJob, DateTimeOffset>> _pending = [];
    private readonly HashSet<ExecutionId> _known = [];
    private readonly Dictionary<ExecutionId, int> _offered = [];
    private readonly Dictionary<ExecutionId, Offer> _ahead = [];
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

    /// <summary>Some worker that takes launches; null when there is none.</summary>
    public string? AnyActive() => _workers.Values.FirstOrDefault(seat => seat.Info.State == WorkerState.Active)?.Info.WorkerId;

    /// <summary>An active worker that reaches the document store, other than the given one.</summary>
    public string? AnyReaching(string except) =>
        _workers.Values.FirstOrDefault(seat => seat.Info is { State: WorkerState.Active, ReachesStore: true } && seat.Info.WorkerId != except)?.Info.WorkerId;

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
        if (!AnySeat(static seat => seat.HasRoom))
        {
            return null; // asked several times an execution: on a busy cluster this is the answer
        }

        // The oldest fire time first, but a kind of launch that nobody can take now must not hold up the others.
        foreach (var (needs, queue) in _pending.Where(pair => pair.Value.Count > 0).OrderBy(pair => Head(pair.Value)))
        {
            if (NextWorkerFor(needs) is { } seat)
            {
                return OfferTo(seat, queue.Dequeue(), ahead: false);
            }
        }

        foreach (var (id, waiting) in _ahead)
        {
            if (NextWorkerFor(LaunchNeeds.Of(waiting.Launch)) is { } seat && seat.Info.WorkerId != waiting.WorkerId)
            {
                _ahead.Remove(id);
                return OfferTo(seat, waiting.Launch, ahead: false);
            }
        }

        return null;
    }

    /// <summary>The next offer to make to a worker that is full, for the slot that frees next there. Ask for it once there is no <see cref="NextOffer"/>.</summary>
    public Offer? NextOfferAhead()
    {
        if (!AnySeat(static seat => seat.HasRoomAhead))
        {
            return null;
        }

        foreach (var (needs, queue) in _pending.Where(pair => pair.Value.Count > 0).OrderBy(pair => Head(pair.Value)))
        {
            if (NextWorkerFor(needs, ahead: true) is { } seat)
            {
                var offer = OfferTo(seat, queue.Dequeue(), ahead: true);
                _ahead[offer.Launch.ExecutionId] = offer;
                return offer;
            }
        }

        return null;
    }

    /// <param name="offer">What was offered.</param>
    /// <param name="answer">What the worker said.</param>
    /// <param name="note">Goes with the launch when it is offered again, so that its execution can tell why it ran where it did.</param>
    public void Answered(Offer offer, ExecuteAnswer answer, LaunchOffer? note = null)
    {
        var seat = _workers.GetValueOrDefault(offer.WorkerId);
        End(offer, seat);
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
                Close(offer, seat);
                EnqueueUnlessOffered(note is null ? offer.Launch : offer.Launch.After(note));
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"{answer}");
        }
    }

    /// <summary>The worker did not answer. Whether it claimed is unknown: the launch is offered again, and the claim's name settles it.</summary>
    public void Unanswered(Offer offer, LaunchOffer? note = null)
    {
        var seat = _workers.GetValueOrDefault(offer.WorkerId);
        End(offer, seat);
        seat?.CloseUntilReport();
        EnqueueUnlessOffered(note is null ? offer.Launch : offer.Launch.After(note));
    }

    public void SlotFreed(string workerId, ExecutionId executionId) => _workers.GetValueOrDefault(workerId)?.Release(executionId);

    private Offer OfferTo(WorkerSeat seat, ExecuteJob launch, bool ahead)
    {
        _lastOffered = seat.Info.WorkerId;
        seat.Offer(ahead);
        _offered[launch.ExecutionId] = _offered.GetValueOrDefault(launch.ExecutionId) + 1;
        return new Offer(launch, seat.Info.WorkerId, ahead);
    }

    private void End(Offer offer, WorkerSeat? seat)
    {
        var id = offer.Launch.ExecutionId;
        seat?.OfferEnded(offer.Ahead);
        if (_ahead.GetValueOrDefault(id) == offer)
        {
            _ahead.Remove(id);
        }

        if (_offered[id] > 1)
        {
            _offered[id]--;
        }
        else
        {
            _offered.Remove(id);
        }
    }

    private static void Close(Offer offer, WorkerSeat? seat)
    {
        if (offer.Ahead)
        {
            seat?.CloseAheadUntilReport();
        }
        else
        {
            seat?.CloseUntilReport();
        }
    }

    // A launch that was offered ahead and then to another worker comes back when both have refused, and not once one of them has it.
    private void EnqueueUnlessOffered(ExecuteJob launch)
    {
        if (_known.Contains(launch.ExecutionId) && !_offered.ContainsKey(launch.ExecutionId))
        {
            Enqueue(launch);
        }
    }

    private void Enqueue(ExecuteJob launch)
    {
        var needs = LaunchNeeds.Of(launch);
        if (!_pending.TryGetValue(needs, out var queue))
        {
            _pending.Add(needs, queue = new PriorityQueue<ExecuteJob, DateTimeOffset>());
        }

        queue.Enqueue(launch, TurnOf(launch));
    }

    // By when it was due. A backfill's fire time lies long past and must not put it before what is due now.
    private static DateTimeOffset TurnOf(ExecuteJob launch) =>
        (launch.ExecutionId.Backfill > 0 ? launch.PlannedAt : launch.DueAt) ?? launch.ExecutionId.FireTime;

    private WorkerSeat? NextWorkerFor(LaunchNeeds needs, bool ahead = false)
    {
        var able = _workers.Values.Where(seat => (ahead ? seat.HasRoomAhead : seat.HasRoom) && needs.AreMetBy(seat.Info)).ToList();
        return able.Find(seat => string.CompareOrdinal(seat.Info.WorkerId, _lastOffered) > 0) ?? able.FirstOrDefault();
    }

    private bool AnySeat(Func<WorkerSeat, bool> has)
    {
        foreach (var (_, seat) in _workers)
        {
            if (has(seat))
            {
                return true;
            }
        }

        return false;
    }

    private static DateTimeOffset Head(PriorityQueue<ExecuteJob, DateTimeOffset> queue) =>
        queue.TryPeek(out _, out var fireTime) ? fireTime : DateTimeOffset.MaxValue;
}

/// <summary>A launch on its way to a worker.</summary>
/// <param name="Ahead">For the slot that frees next there.</param>
internal sealed record Offer(ExecuteJob Launch, string WorkerId, bool Ahead);

/// <summary>What a launch asks of a worker; launches that ask the same wait in one queue.</summary>
internal sealed record LaunchNeeds(string ScriptType, string Selector, ScriptLimits? Limits, bool? Network)
{
    public static LaunchNeeds Of(ExecuteJob launch) => new(launch.ScriptType, LinesOf(launch.WorkerSelector), launch.Limits, launch.Network);

    public bool AreMetBy(WorkerInfo worker) =>
        worker.Interpreters.ContainsKey(ScriptType) && (Selector.Length == 0 || Selector.Split('\n').All(LinesOf(worker.Labels).Split('\n').Contains))
        && worker.Containment?.WhyNot(Limits, Network) is null;

    private static string LinesOf(IReadOnlyDictionary<string, string> labels) =>
        labels.Count == 0 ? "" : string.Join('\n', labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
}

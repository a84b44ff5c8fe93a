using Dcron.Grains.Executions;
using Dcron.Grains.Workers;

namespace Dcron.Grains.Leading;

/// <summary>How full one worker seems to be: what it reported, corrected by what was offered, accepted and freed since.</summary>
internal sealed class WorkerSeat(WorkerInfo info, DateTimeOffset now)
{
    /// <summary>Enough to keep a machine of short scripts busy; more would only be handed out early.</summary>
    private const int MostAhead = 8;

    private readonly HashSet<ExecutionId> _held = [];
    private int _offers;
    private int _ahead;
    private int _unknown = info.Running; // held since before this leader began
    private bool _closed;
    private bool _closedAhead;
    private bool _fewerThanHeld;

    public WorkerInfo Info { get; private set; } = info;

    public DateTimeOffset ReportedAt { get; private set; } = now;

    public bool HasRoom => IsOpen && Taken < Info.Slots;

    /// <summary>All slots are taken, and fewer launches wait there for the next that frees than it has slots.</summary>
    public bool HasRoomAhead => IsOpen && !_closedAhead && Taken >= Info.Slots && _ahead < Math.Min(Info.Slots, MostAhead);

    private bool IsOpen => !_closed && Info.State == WorkerState.Active;

    private int Taken => _held.Count + _offers + _ahead + _unknown;

    public void Update(WorkerInfo report, DateTimeOffset now)
    {
        (Info, ReportedAt) = (report, now);
        (_closed, _closedAhead) = (false, false);
        _unknown = Math.Max(0, report.Running - _held.Count - _offers);

        // A report may have crossed an acceptance on its way; fewer than held twice in a row means that a release was lost.
        var fewer = report.Running < _held.Count;
        if (fewer && _fewerThanHeld)
        {
            _held.Clear();
            _unknown = report.Running;
        }

        _fewerThanHeld = fewer && !_fewerThanHeld;
    }

    public void Offer(bool ahead) => Count(ahead, 1);

    public void OfferEnded(bool ahead) => Count(ahead, -1);

    public void Hold(ExecutionId id) => _held.Add(id);

    public void Release(ExecutionId id)
    {
        (_closed, _closedAhead) = (false, false);
        if (!_held.Remove(id) && _unknown > 0)
        {
            _unknown--;
        }
    }

    /// <summary>It declined or did not answer: nothing more is offered until it reports or frees a slot.</summary>
    public void CloseUntilReport() => _closed = true;

    /// <summary>No slot freed in time: nothing more is offered ahead until it reports or frees a slot.</summary>
    public void CloseAheadUntilReport() => _closedAhead = true;

    private void Count(bool ahead, int one)
    {
        if (ahead)
        {
            _ahead += one;
        }
        else
        {
            _offers += one;
        }
    }
}

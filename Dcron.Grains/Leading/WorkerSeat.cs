using Dcron.Grains.Executions;
using Dcron.Grains.Workers;

namespace Dcron.Grains.Leading;

/// <summary>How full one worker seems to be: what it reported, corrected by what was offered, accepted and freed since.</summary>
internal sealed class WorkerSeat(WorkerInfo info, DateTimeOffset now)
{
    private readonly HashSet<ExecutionId> _held = [];
    private int _offers;
    private int _unknown = info.Running; // held since before this leader began
    private bool _closed;
    private bool _fewerThanHeld;

    public WorkerInfo Info { get; private set; } = info;

    public DateTimeOffset ReportedAt { get; private set; } = now;

    public bool HasRoom => !_closed && Info.State == WorkerState.Active && _held.Count + _offers + _unknown < Info.Slots;

    public void Update(WorkerInfo report, DateTimeOffset now)
    {
        (Info, ReportedAt) = (report, now);
        _closed = false;
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

    public void Offer() => _offers++;

    public void OfferEnded() => _offers--;

    public void Hold(ExecutionId id) => _held.Add(id);

    public void Release(ExecutionId id)
    {
        _closed = false;
        if (!_held.Remove(id) && _unknown > 0)
        {
            _unknown--;
        }
    }

    /// <summary>It declined or did not answer: nothing more is offered until it reports or frees a slot.</summary>
    public void CloseUntilReport() => _closed = true;
}

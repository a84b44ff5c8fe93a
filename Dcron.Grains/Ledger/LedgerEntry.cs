using Dcron.Grains.Executions;

namespace Dcron.Grains.Ledger;

/// <summary>All that is recorded of one job at one fire time.</summary>
internal sealed record LedgerEntry(DateTimeOffset FireTime)
{
    public List<ExecutionDocument> Executions { get; } = [];

    public List<StartDocument> Starts { get; } = [];

    /// <summary>True when a spec in force asked for it.</summary>
    public bool IsDue { get; set; }
}

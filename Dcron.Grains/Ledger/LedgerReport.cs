using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Grains.Ledger;

/// <summary>What to check.</summary>
/// <param name="From">Fire times from here on.</param>
/// <param name="To">Fire times before this instant; what lies ahead of the clock is left out.</param>
/// <param name="JobId">Null for all jobs, deleted ones included.</param>
public sealed record LedgerQuery(DateTimeOffset From, DateTimeOffset To, JobId? JobId = null)
{
    /// <summary>Only jobs of these namespaces; null for all. What nothing says the namespace of is then left out.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }

    /// <summary>How long after it was due a start is late. Default: 1 second.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many findings of each kind are told one by one; all are counted. Default: 20.</summary>
    public int Limit { get; init; } = 20;
}

/// <summary>One thing that was found.</summary>
/// <param name="ExecutionId">The execution, or the name that it should have.</param>
/// <param name="FireTime">Its fire time.</param>
/// <param name="Reason">A sentence.</param>
public sealed record LedgerFinding(ExecutionId ExecutionId, DateTimeOffset FireTime, string Reason);

/// <summary>Findings of one kind: all counted, the first ones kept, so that any number needs the same memory.</summary>
public sealed class LedgerFindings(int limit)
{
    private readonly List<LedgerFinding> _first = [];

    public long Count { get; private set; }

    public IReadOnlyList<LedgerFinding> First => _first;

    internal void Add(ExecutionId id, string reason)
    {
        Count++;
        if (_first.Count < limit)
        {
            _first.Add(new LedgerFinding(id, id.FireTime, reason));
        }
    }
}

/// <summary>What a period's fire times, executions and starts say when they are held against each other.</summary>
public sealed class LedgerReport(LedgerQuery query)
{
    public LedgerQuery Query { get; } = query;

    /// <summary>Jobs that were looked at.</summary>
    public long Jobs { get; internal set; }

    /// <summary>Fire times that the specs in force asked for.</summary>
    public long Due { get; internal set; }

    /// <summary>Fire times with an execution that was handed to a worker.</summary>
    public long Executed { get; internal set; }

    /// <summary>Fire times with a recorded reason instead.</summary>
    public long PassedOver => Passed.Count;

    /// <summary>Fire times whose launch is owed or running.</summary>
    public long Open { get; internal set; }

    /// <summary>Fire times that came so lately that their job may just be deciding about them.</summary>
    public long Pending { get; internal set; }

    /// <summary>Fire times whose month was dropped by retention.</summary>
    public long Expired { get; internal set; }

    /// <summary>Executions that are no fire times: manual runs and backfills.</summary>
    public long Others { get; internal set; }

    /// <summary>Further attempts.</summary>
    public long Retries { get; internal set; }

    /// <summary>Recorded starts.</summary>
    public long Starts { get; internal set; }

    /// <summary>Fire times with neither an execution nor a reason.</summary>
    public LedgerFindings Missing { get; } = new(query.Limit);

    /// <summary>An attempt that was started twice, or a fire time that was run again after it had succeeded.</summary>
    public LedgerFindings Double { get; } = new(query.Limit);

    /// <summary>Started later than <see cref="LedgerQuery.LateAfter"/> after it was due.</summary>
    public LedgerFindings Late { get; } = new(query.Limit);

    /// <summary>Fire times that were not launched, and why.</summary>
    public LedgerFindings Passed { get; } = new(query.Limit);

    /// <summary>Records that no rule of dcron explains.</summary>
    public LedgerFindings Unexplained { get; } = new(query.Limit);

    /// <summary>Executions that were started by their own account, without a recorded start: their worker's disk may have been lost, or is not back yet.</summary>
    public LedgerFindings Unwitnessed { get; } = new(query.Limit);

    /// <summary>True when every fire time is accounted for, nothing ran twice, and nothing is unexplained.</summary>
    public bool IsWhole => Missing.Count == 0 && Double.Count == 0 && Unexplained.Count == 0;
}

using Dcron.Grains.Ledger;

namespace Dcron.Api.Ledger;

/// <summary>What the ledger says of a period. Each kind of finding is counted whole, and its first ones are told.</summary>
/// <param name="Ok">Every fire time is accounted for, nothing ran twice, and nothing is unexplained.</param>
/// <param name="Due">Fire times that the specs in force asked for.</param>
/// <param name="Executed">Fire times with an execution that a worker took.</param>
/// <param name="PassedOver">Fire times with a recorded reason instead: see <c>passed</c>.</param>
/// <param name="Open">Fire times whose launch is queued or running.</param>
/// <param name="Pending">Fire times that came so lately that their job may just be deciding about them.</param>
/// <param name="Expired">Fire times whose month was dropped by retention.</param>
/// <param name="FurtherAttempts">Further attempts.</param>
/// <param name="Others">Manual runs and backfills, which are no fire times.</param>
/// <param name="Starts">Recorded starts of processes.</param>
/// <param name="Missing">Fire times with neither an execution nor a reason.</param>
/// <param name="Double">Attempts that were started twice, and fire times that were run again after they had succeeded.</param>
/// <param name="Late">Started later than asked for after they were due.</param>
/// <param name="Passed">Fire times that were not launched, and why.</param>
/// <param name="Unexplained">Records that no rule explains.</param>
/// <param name="Unwitnessed">Executions that say that they were started, whose start is not recorded.</param>
internal sealed record LedgerView(
    bool Ok,
    DateTimeOffset From,
    DateTimeOffset To,
    long Jobs,
    long Due,
    long Executed,
    long PassedOver,
    long Open,
    long Pending,
    long Expired,
    long FurtherAttempts,
    long Others,
    long Starts,
    long MissingCount,
    long DoubleCount,
    long LateCount,
    long PassedCount,
    long UnexplainedCount,
    long UnwitnessedCount,
    IReadOnlyList<FindingView> Missing,
    IReadOnlyList<FindingView> Double,
    IReadOnlyList<FindingView> Late,
    IReadOnlyList<FindingView> Passed,
    IReadOnlyList<FindingView> Unexplained,
    IReadOnlyList<FindingView> Unwitnessed)
{
    public static LedgerView Of(LedgerReport report) => new(
        report.IsWhole, report.Query.From, report.Query.To,
        report.Jobs, report.Due, report.Executed, report.PassedOver, report.Open, report.Pending, report.Expired, report.Retries, report.Others, report.Starts,
        report.Missing.Count, report.Double.Count, report.Late.Count, report.Passed.Count, report.Unexplained.Count, report.Unwitnessed.Count,
        First(report.Missing), First(report.Double), First(report.Late), First(report.Passed), First(report.Unexplained), First(report.Unwitnessed));

    private static List<FindingView> First(LedgerFindings findings) =>
        [.. findings.First.Select(finding => new FindingView(finding.ExecutionId.ToString(), finding.ExecutionId.JobId.Value, finding.FireTime, finding.Reason))];
}

/// <summary>One thing that the ledger found.</summary>
/// <param name="ExecutionId">The execution, or the name that it should have.</param>
/// <param name="Reason">A sentence.</param>
internal sealed record FindingView(string ExecutionId, string JobId, DateTimeOffset ExecutionDate, string Reason);

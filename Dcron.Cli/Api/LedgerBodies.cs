namespace Dcron.Cli.Api;

/// <summary>What the ledger says of a period.</summary>
internal sealed record LedgerBody
{
    public bool Ok { get; set; }

    public long Jobs { get; set; }

    public long Due { get; set; }

    public long Executed { get; set; }

    public long PassedOver { get; set; }

    public long Open { get; set; }

    public long Pending { get; set; }

    public long Expired { get; set; }

    public long FurtherAttempts { get; set; }

    public long Others { get; set; }

    public long Starts { get; set; }

    public long MissingCount { get; set; }

    public long DoubleCount { get; set; }

    public long LateCount { get; set; }

    public long PassedCount { get; set; }

    public long UnexplainedCount { get; set; }

    public long UnwitnessedCount { get; set; }

    public IReadOnlyList<FindingBody> Missing { get; set; } = [];

    public IReadOnlyList<FindingBody> Double { get; set; } = [];

    public IReadOnlyList<FindingBody> Late { get; set; } = [];

    public IReadOnlyList<FindingBody> Passed { get; set; } = [];

    public IReadOnlyList<FindingBody> Unexplained { get; set; } = [];

    public IReadOnlyList<FindingBody> Unwitnessed { get; set; } = [];
}

internal sealed record FindingBody
{
    public string ExecutionId { get; set; } = "";

    public string Reason { get; set; } = "";
}

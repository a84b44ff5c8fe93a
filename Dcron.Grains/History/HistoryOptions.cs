namespace Dcron.Grains.History;

/// <summary>Configuration section <c>Dcron:History</c>.</summary>
public sealed class HistoryOptions
{
    public const string Section = "Dcron:History";

    internal const int MostMonths = 1200;

    /// <summary>Months whose executions and logs are kept, beside the current one; 0 for ever, at most 1,200. Default: 13, a year and what it is compared with.</summary>
    public int RetentionMonths { get; set; } = 13;
}

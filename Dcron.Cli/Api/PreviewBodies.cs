namespace Dcron.Cli.Api;

internal sealed record PreviewBody
{
    public string? Description { get; set; }

    public IReadOnlyList<DateTimeOffset> FireTimes { get; set; } = [];

    /// <summary>The same with the zone's own offset.</summary>
    public IReadOnlyList<string> LocalTimes { get; set; } = [];

    public IReadOnlyList<ClockChangeBody> ClockChanges { get; set; } = [];
}

internal sealed record ClockChangeBody
{
    public DateTimeOffset At { get; set; }

    public string Direction { get; set; } = "";

    public int Minutes { get; set; }

    public IReadOnlyList<string> FireTimesNearby { get; set; } = [];

    public bool More { get; set; }
}

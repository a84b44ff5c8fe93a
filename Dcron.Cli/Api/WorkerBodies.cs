namespace Dcron.Cli.Api;

internal sealed record WorkerBody
{
    public string WorkerId { get; set; } = "";

    public string Host { get; set; } = "";

    public int Slots { get; set; }

    public int Running { get; set; }

    public IReadOnlyDictionary<string, string> Interpreters { get; set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

    public string State { get; set; } = "";

    public double? ClockOffsetSeconds { get; set; }

    public ContainmentBody? Containment { get; set; }
}

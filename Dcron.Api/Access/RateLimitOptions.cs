namespace Dcron.Api.Access;

/// <summary>The section <c>Dcron:Api:RateLimit</c>: calls of one caller, by key or, without one, by address. Whoever needs no key on loopback is not limited.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Calls a second that a caller may make for long; 0 for no limit.</summary>
    public int PerSecond { get; set; } = 500;

    /// <summary>Calls that a caller may make at once after a rest.</summary>
    public int Burst { get; set; } = 2000;

    internal IEnumerable<string> Mistakes()
    {
        if (PerSecond is < 0 or > 1_000_000)
            yield return $"Dcron:Api:RateLimit:PerSecond is {PerSecond}; it must be 1 to 1000000, or 0 for no limit.";
        else if (PerSecond > 0 && (Burst < PerSecond || Burst > 10_000_000))
            yield return $"Dcron:Api:RateLimit:Burst is {Burst}; it must be PerSecond ({PerSecond}) to 10000000.";
    }
}

/// <summary>The section <c>Dcron:Api:SlowClients</c>: what keeps clients that hold connections and send or read next to nothing from using them up.</summary>
public sealed class SlowClientOptions
{
    /// <summary>Seconds in which a request's headers must have come.</summary>
    public double HeaderSeconds { get; set; } = 10;

    /// <summary>Bytes a second that a body must come with, and an answer be read with, on average after <see cref="GraceSeconds"/>.</summary>
    public double BytesPerSecond { get; set; } = 240;

    /// <summary>Seconds before the rate counts.</summary>
    public double GraceSeconds { get; set; } = 5;

    /// <summary>Connections at a time; those beyond it are closed.</summary>
    public int Connections { get; set; } = 10_000;

    internal IEnumerable<string> Mistakes()
    {
        if (HeaderSeconds is not (>= 1 and <= 3600))
            yield return FormattableString.Invariant($"Dcron:Api:SlowClients:HeaderSeconds is {HeaderSeconds}; it must be 1 to 3600.");
        if (BytesPerSecond is not (>= 1 and <= 1_000_000))
            yield return FormattableString.Invariant($"Dcron:Api:SlowClients:BytesPerSecond is {BytesPerSecond}; it must be 1 to 1000000.");
        if (GraceSeconds is not (>= 2 and <= 3600))
            yield return FormattableString.Invariant($"Dcron:Api:SlowClients:GraceSeconds is {GraceSeconds}; it must be 2 to 3600.");
        if (Connections is not (>= 10 and <= 1_000_000))
            yield return $"Dcron:Api:SlowClients:Connections is {Connections}; it must be 10 to 1000000.";
    }
}

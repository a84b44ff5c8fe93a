using Orleans.Runtime;

namespace Dcron.Storage.Orleans;

/// <summary>A cluster's whole table, so that rows and version change and are read together.</summary>
internal sealed record MembershipDocument(int Version, IReadOnlyList<MemberRow> Rows)
{
    public static readonly MembershipDocument Empty = new(0, []);
}

/// <summary>One silo's row.</summary>
/// <param name="Silo">The silo's address with its generation.</param>
/// <param name="Etag">Changes with each update of this row.</param>
internal sealed record MemberRow(
    string Silo,
    string Etag,
    SiloStatus Status,
    IReadOnlyList<SuspectVote> Votes,
    int ProxyPort,
    string? HostName,
    string? SiloName,
    string? RoleName,
    int UpdateZone,
    int FaultZone,
    DateTime StartTime,
    DateTime IAmAliveTime)
{
    public static MemberRow Of(MembershipEntry entry, string etag) => new(
        entry.SiloAddress.ToParsableString(),
        etag,
        entry.Status,
        [.. (entry.SuspectTimes ?? []).Select(v => new SuspectVote(v.Item1.ToParsableString(), v.Item2))],
        entry.ProxyPort,
        entry.HostName,
        entry.SiloName,
        entry.RoleName,
        entry.UpdateZone,
        entry.FaultZone,
        entry.StartTime,
        entry.IAmAliveTime);

    /// <param name="heartbeat">The silo's last heartbeat, if it has given one.</param>
    public MembershipEntry ToEntry(DateTime heartbeat) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(Silo),
        Status = Status,
        SuspectTimes = [.. Votes.Select(v => Tuple.Create(SiloAddress.FromParsableString(v.By), v.At))],
        ProxyPort = ProxyPort,
        HostName = HostName!,
        SiloName = SiloName!,
        RoleName = RoleName,
        UpdateZone = UpdateZone,
        FaultZone = FaultZone,
        StartTime = StartTime,
        IAmAliveTime = heartbeat > IAmAliveTime ? heartbeat : IAmAliveTime,
    };

    /// <summary>True for a dead silo of which nothing was heard since.</summary>
    public bool IsDefunct(DateTime before, DateTime heartbeat) =>
        Status == SiloStatus.Dead && Votes.Select(v => v.At).Append(StartTime).Append(IAmAliveTime).Append(heartbeat).Max() < before;
}

/// <summary>A silo's suspicion against another.</summary>
internal sealed record SuspectVote(string By, DateTime At);

/// <summary>When a silo last said that it is alive. A document of its own, so that it changes neither the table's version nor its etags.</summary>
internal sealed record HeartbeatDocument(string Cluster, string Silo, DateTime At);

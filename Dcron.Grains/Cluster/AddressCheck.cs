using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Dcron.Grains.Cluster;

/// <summary>
/// Finds two machines that give themselves the same address, such as 127.0.0.1: each would take the other's place for ever. A silo that was restarted on the same
/// machine takes its own place at once; on a machine of another name it first watches whether the old one still gives signs of life.
/// </summary>
internal sealed partial class AddressCheck(
    IMembershipTable table,
    ILocalSiloDetails silo,
    IOptions<ClusterMembershipOptions> membership,
    IOptions<EndpointOptions> endpoints,
    TimeProvider time,
    ILogger<AddressCheck> logger)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <exception cref="StartRefusedException">Another silo that is alive has this one's address, or another program its ports.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        CheckIsFree(endpoints.Value.SiloListeningEndpoint);
        CheckIsFree(endpoints.Value.GatewayListeningEndpoint);
        await table.InitializeMembershipTableAsync(true, cancellationToken);
        if (await FindOtherAsync(cancellationToken) is not { } other)
        {
            return;
        }

        LogWatching(logger, silo.SiloAddress.Endpoint, other.HostName);
        var limit = membership.Value.IAmAliveTablePublishTimeout + TimeSpan.FromSeconds(3);
        for (var start = time.GetTimestamp(); time.GetElapsedTime(start) < limit;)
        {
            await Task.Delay(Poll, time, cancellationToken);
            if (await FindOtherAsync(cancellationToken) is { } now && now.IAmAliveTime > other.IAmAliveTime)
            {
                throw new StartRefusedException(
                    $"Another silo of this cluster, on the host {other.HostName}, is alive and has the address {silo.SiloAddress.Endpoint} as well. "
                    + "Set Dcron:Cluster:AdvertisedAddress to the address at which the others reach this machine, or another Dcron:Cluster:SiloPort.");
            }
        }
    }

    // Orleans shares its ports with whoever does the same: two silos would each get some of the other's connections.
    private static void CheckIsFree(IPEndPoint? endpoint)
    {
        if (endpoint is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endpoint);
            socket.Listen();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new StartRefusedException(
                $"The ports of the silo are taken: another program, perhaps another node, listens at {endpoint}. Choose others with Dcron:Cluster:SiloPort and Dcron:Cluster:GatewayPort.");
        }
    }

    private async Task<MembershipEntry?> FindOtherAsync(CancellationToken cancellationToken)
    {
        var members = await table.ReadAllAsync(cancellationToken);
        return members.Members.Select(member => member.Item1).FirstOrDefault(member =>
            member.SiloAddress.Endpoint.Equals(silo.SiloAddress.Endpoint)
            && member.SiloAddress.Generation != silo.SiloAddress.Generation
            && member.Status is (SiloStatus.Active or SiloStatus.Joining)
            && !string.Equals(member.HostName, Dns.GetHostName(), StringComparison.OrdinalIgnoreCase));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The address {Endpoint} was last used by a silo on the host {Host}: watching whether that is alive")]
    private static partial void LogWatching(ILogger logger, IPEndPoint endpoint, string host);
}

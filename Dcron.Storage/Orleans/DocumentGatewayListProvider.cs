using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Dcron.Storage.Orleans;

/// <summary>Tells clients the gateways: the active silos of the membership table that have one.</summary>
internal sealed class DocumentGatewayListProvider(DocumentMembershipTable table, IOptions<GatewayOptions> options) : IGatewayListProvider
{
    public TimeSpan MaxStaleness => options.Value.GatewayListRefreshPeriod;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => InitializeGatewayListProviderAsync(CancellationToken.None);

    public Task InitializeGatewayListProviderAsync(CancellationToken cancellationToken) => table.InitializeMembershipTableAsync(tryInitTableVersion: false, cancellationToken);

    public Task<IList<Uri>> GetGateways() => GetGatewaysAsync(CancellationToken.None);

    public async Task<IList<Uri>> GetGatewaysAsync(CancellationToken cancellationToken)
    {
        var members = await table.ReadAllAsync(cancellationToken).ConfigureAwait(false);
        return
        [
            .. members.Members.Select(m => m.Item1)
                .Where(m => m is { Status: SiloStatus.Active, ProxyPort: > 0 })
                .Select(m => SiloAddress.New(m.SiloAddress.Endpoint.Address, m.ProxyPort, m.SiloAddress.Generation).ToGatewayUri()),
        ];
    }
}

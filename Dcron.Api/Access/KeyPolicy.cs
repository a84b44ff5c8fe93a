using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Access;

/// <summary>Decides whether calls need a key: always, or only those that reach the node at an address beyond loopback.</summary>
internal sealed class KeyPolicy(IOptions<ApiOptions> options, IConfiguration configuration, IServer server)
{
    private volatile bool _everybody;

    /// <summary>The addresses, beyond loopback, that the node listens on or will.</summary>
    public IReadOnlyList<string> OpenAddresses()
    {
        var bound = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        return [.. (bound.Count > 0 ? [.. bound] : Binding.Configured(configuration)).Where(address => !Binding.IsLoopback(address))];
    }

    public bool RequiredEverywhere => _everybody || options.Value.RequireKey == true;

    /// <summary>From now on every call needs a key.</summary>
    public void RequireEverywhere() => _everybody = true;

    // The address of the connection itself counts too: however the server came to listen there, a stranger needs a key.
    public bool NeedsKey(HttpContext context) =>
        RequiredEverywhere || (context.Connection.LocalIpAddress is { } local && !Binding.IsLoopback(local));
}

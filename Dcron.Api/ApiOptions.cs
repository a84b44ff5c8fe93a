using System.Net;
using Dcron.Api.Access;
using Microsoft.Extensions.Options;

namespace Dcron.Api;

/// <summary>The section <c>Dcron:Api</c>.</summary>
public sealed class ApiOptions
{
    public const string Section = "Dcron:Api";

    /// <summary>False opens no port at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Whether every call needs a key. Null: as soon as an address beyond loopback is listened on.</summary>
    public bool? RequireKey { get; set; }

    /// <summary>The first admin key: 16 to 256 printable ASCII characters without spaces.</summary>
    public string? AdminKey { get; set; }

    /// <summary>Host names, besides those of this machine, under which a node may be called without a key.</summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Sign-in by tokens of an issuer, beside keys.</summary>
    public OidcOptions Oidc { get; set; } = new();

    /// <summary>How many calls a caller may make.</summary>
    public RateLimitOptions RateLimit { get; set; } = new();

    /// <summary>How slow a client may be.</summary>
    public SlowClientOptions SlowClients { get; set; } = new();

    /// <summary>Addresses of proxies whose <c>X-Forwarded-For</c> is believed.</summary>
    public IList<string> TrustedProxies { get; } = [];
}

internal sealed class ApiOptionsValidator : IValidateOptions<ApiOptions>
{
    public const int ShortestAdminKey = 16;

    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        var failures = new List<string>();
        if (options.AdminKey is { } key)
        {
            // The key itself must not appear in a message: messages end up in logs.
            if (key.Length is < ShortestAdminKey or > 256)
                failures.Add($"Dcron:Api:AdminKey must have 16 to 256 characters; it has {key.Length}. `openssl rand -hex 32` makes a good one.");
            if (key.Any(c => c is <= ' ' or > '~'))
                failures.Add("Dcron:Api:AdminKey must consist of printable ASCII characters without spaces: it travels in an HTTP header.");
        }

        failures.AddRange(options.AllowedHosts
            .Where(host => Uri.CheckHostName(host.Trim('[', ']')) == UriHostNameType.Unknown)
            .Select(host => $"Dcron:Api:AllowedHosts names '{host}', which is no host name; write a name without scheme and port, such as dcron.example.org."));
        failures.AddRange(options.Oidc.Mistakes());
        failures.AddRange(options.RateLimit.Mistakes());
        failures.AddRange(options.SlowClients.Mistakes());
        failures.AddRange(options.TrustedProxies
            .Where(proxy => !IPAddress.TryParse(proxy, out _))
            .Select(proxy => $"Dcron:Api:TrustedProxies names '{proxy}', which is no IP address; write the address that the proxy connects from."));
        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}

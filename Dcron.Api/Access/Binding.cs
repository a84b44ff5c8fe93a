using System.Net;

namespace Dcron.Api.Access;

/// <summary>The addresses that a server is told to listen on, and which of them others than this machine can reach.</summary>
internal static class Binding
{
    public const string Default = "http://127.0.0.1:5080";

    /// <summary>All configured addresses, in whichever of ASP.NET's ways; empty when none is.</summary>
    public static IReadOnlyList<string> Configured(IConfiguration configuration)
    {
        // Kestrel's own section wins over everything else, and addresses over bare ports.
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>().ToList();
        if (endpoints.Count > 0)
            return endpoints;
        if (Split(configuration["urls"]) is { Count: > 0 } urls)
            return urls;
        return
        [
            .. Split(configuration["http_ports"]).Select(port => $"http://*:{port}"),
            .. Split(configuration["https_ports"]).Select(port => $"https://*:{port}"),
        ];
    }

    /// <summary>True when only this machine can reach the address. A name that is not known to be loopback is taken to be open.</summary>
    public static bool IsLoopback(string address)
    {
        var start = address.IndexOf("://", StringComparison.Ordinal);
        if (start < 0)
            return false;

        var rest = address[(start + 3)..];
        if (rest.StartsWith("unix:", StringComparison.OrdinalIgnoreCase) || rest.StartsWith("pipe:", StringComparison.OrdinalIgnoreCase))
            return true;

        var authority = rest.Split('/', 2)[0];
        var host = authority.StartsWith('[') ? authority[..(authority.IndexOf(']') + 1)] : authority.Split(':', 2)[0];
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IsLoopback(ip));
    }

    public static bool IsLoopback(IPAddress ip) => IPAddress.IsLoopback(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip);

    private static List<string> Split(string? list) =>
        [.. (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}

using System.Diagnostics.CodeAnalysis;

namespace Dcron.Cli.Input;

/// <summary>Reads <c>--server</c>: an http or https address; <c>host:port</c> means http.</summary>
internal static class ServerAddress
{
    public const string Default = "http://127.0.0.1:5080";

    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? server)
    {
        var absolute = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        var valid = Uri.TryCreate(absolute, UriKind.Absolute, out server)
            && (server.Scheme == Uri.UriSchemeHttp || server.Scheme == Uri.UriSchemeHttps)
            && server.Host.Length > 0 && server.Query.Length == 0 && server.Fragment.Length == 0;
        if (!valid)
            server = null;
        return valid;
    }
}

using System.Security.Authentication;

namespace Dcron.Storage;

/// <summary>Why no answer came over HTTP, in words that name the way out.</summary>
internal static class ConnectionTrouble
{
    /// <param name="error">What was thrown.</param>
    /// <param name="setting">The setting that names the server.</param>
    public static string Reason(Exception error, string setting) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => $"its name is not known; see {setting} and the name server",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "no secure connection came about; see that it speaks https there, and that its certificate is valid for the name and trusted by this machine, or by the file of authorities that SSL_CERT_FILE names"
            + (error.GetBaseException() is AuthenticationException inner ? $" ({inner.Message.TrimEnd('.')})" : ""),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => $"{error.GetBaseException().Message.TrimEnd('.')}; see that it runs and that {setting} is right",
        _ => $"the connection broke ({error.GetBaseException().Message.TrimEnd('.')})",
    };
}

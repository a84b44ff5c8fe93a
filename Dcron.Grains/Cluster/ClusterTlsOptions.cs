using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Cluster;

/// <summary>Section <c>Dcron:Cluster:Tls</c>: with it, silos and front-ends speak TLS and each proves with a certificate of the cluster's own authority that it belongs here.</summary>
public sealed class ClusterTlsOptions
{
    public const string Section = "Dcron:Cluster:Tls";

    /// <summary>PEM file with this node's certificate, and those between it and the authority. Null: no TLS.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file with the certificate's private key.</summary>
    public string? Key { get; set; }

    /// <summary>PEM file with the authority's certificates. Whoever has a certificate of these is a member, so the authority is for this cluster alone.</summary>
    public string? TrustedCa { get; set; }

    public bool IsOn => Certificate is not null;
}

/// <summary>Says of each wrong setting which it is and what would be right.</summary>
internal sealed class ClusterTlsOptionsValidator : IValidateOptions<ClusterTlsOptions>
{
    public ValidateOptionsResult Validate(string? name, ClusterTlsOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        (string Name, string? File)[] files = [("Certificate", options.Certificate), ("Key", options.Key), ("TrustedCa", options.TrustedCa)];
        if (files.Any(file => file.File is not null))
        {
            foreach (var (missing, _) in files.Where(file => string.IsNullOrEmpty(file.File)))
            {
                result.AddError($"{ClusterTlsOptions.Section}:{missing} is not set; TLS needs a Certificate, its Key and a TrustedCa, each a PEM file.");
            }

            if (files.All(file => !string.IsNullOrEmpty(file.File)))
            {
                try
                {
                    _ = new ClusterCertificates(options).Own;
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
                {
                    result.AddError($"{ClusterTlsOptions.Section} can't be used: {exception.Message}");
                }
            }
        }

        return result.Build();
    }
}

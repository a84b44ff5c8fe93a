using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dcron.Grains.Cluster;

/// <summary>This node's certificate and those that it trusts, read again when their files change: a certificate is renewed without a restart.</summary>
internal sealed class ClusterCertificates(ClusterTlsOptions options)
{
    private readonly Lock _lock = new();
    private (DateTime WrittenAt, X509Certificate2 Own, X509Certificate2Collection Trusted)? _read;

    public X509Certificate2 Own => Read().Own;

    /// <summary>Whether a certificate comes from the cluster's authority and is within its time.</summary>
    public bool IsMember(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Read().Trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // an authority of one's own has no list to ask
        return chain.Build(certificate);
    }

    /// <exception cref="CryptographicException">A file is not what it should be, or the key is not the certificate's.</exception>
    private (X509Certificate2 Own, X509Certificate2Collection Trusted) Read()
    {
        lock (_lock)
        {
            var writtenAt = new[] { options.Certificate!, options.Key!, options.TrustedCa! }.Max(File.GetLastWriteTimeUtc);
            if (_read is not { } known || known.WrittenAt != writtenAt)
            {
                var trusted = new X509Certificate2Collection();
                trusted.ImportFromPemFile(options.TrustedCa!);
                _read = known = trusted.Count > 0
                    ? (writtenAt, X509Certificate2.CreateFromPemFile(options.Certificate!, options.Key!), trusted)
                    : throw new CryptographicException($"there is no certificate in {options.TrustedCa}");
            }

            return (known.Own, known.Trusted);
        }
    }
}

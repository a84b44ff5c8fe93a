using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dcron.Tests.Security;

/// <summary>A certificate authority that lives as long as a test, and what it signs as PEM files.</summary>
internal sealed class Authority : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly X509Certificate2 _ca;
    private int _last;

    public Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=cluster authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        _ca = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        File.WriteAllText(CaFile, _ca.ExportCertificatePem());
    }

    public string CaFile => _folder.Of("ca.pem");

    /// <summary>A certificate for this machine, with its key.</summary>
    public (string Certificate, string Key) Sign(TimeSpan? validFor = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(_ca, now.AddHours(-2), now + (validFor ?? TimeSpan.FromDays(1)), RandomNumberGenerator.GetBytes(8));
        var name = $"node-{Interlocked.Increment(ref _last)}";
        File.WriteAllText(_folder.Of(name + ".pem"), signed.ExportCertificatePem());
        File.WriteAllText(_folder.Of(name + ".key"), key.ExportPkcs8PrivateKeyPem());
        return (_folder.Of(name + ".pem"), _folder.Of(name + ".key"));
    }

    /// <summary>Settings of a node with a certificate of this authority.</summary>
    public string[] ClusterSettings()
    {
        var (certificate, key) = Sign();
        return ["--Dcron:Cluster:Tls:Certificate", certificate, "--Dcron:Cluster:Tls:Key", key, "--Dcron:Cluster:Tls:TrustedCa", CaFile];
    }

    public void Dispose()
    {
        _ca.Dispose();
        _folder.Dispose();
    }
}

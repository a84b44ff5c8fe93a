using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Connections.Security;
using Orleans.Hosting;

namespace Dcron.Grains.Cluster;

/// <summary>TLS between silos, and between front-ends and silos, both sides with a certificate.</summary>
public static class ClusterTlsHosting
{
    /// <summary>Does nothing where <see cref="ClusterTlsOptions"/> are not set.</summary>
    public static ISiloBuilder UseDcronTls(this ISiloBuilder silo) =>
        Certificates(silo.Services, silo.Configuration) is { } certificates ? silo.UseTls(tls => Configure(tls, certificates)) : silo;

    /// <inheritdoc cref="UseDcronTls(ISiloBuilder)"/>
    public static IClientBuilder UseDcronTls(this IClientBuilder client) =>
        Certificates(client.Services, client.Configuration) is { } certificates
            ? client.UseTls(tls => Configure(tls, certificates))
            : client;

    private static ClusterCertificates? Certificates(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ClusterTlsOptions>().BindConfiguration(ClusterTlsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClusterTlsOptions>, ClusterTlsOptionsValidator>();
        var options = configuration.GetSection(ClusterTlsOptions.Section).Get<ClusterTlsOptions>();

        // What can't be read is told with all other mistakes, when the options are checked.
        return options is { IsOn: true } && new ClusterTlsOptionsValidator().Validate(null, options).Succeeded ? new ClusterCertificates(options) : null;
    }

    private static void Configure(TlsOptions tls, ClusterCertificates certificates)
    {
        tls.LocalCertificate = certificates.Own; // whoever connects must name one at once; the selectors give what it is renewed to
        tls.LocalServerCertificateSelector = (_, _) => certificates.Own;
        tls.LocalClientCertificateSelector = (_, _, _, _, _) => certificates.Own;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;

        // Members come and go by address; what makes one is the authority that signed it, not the name that it has.
        tls.RemoteCertificateValidation = (certificate, _, _) => certificates.IsMember(certificate);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = "dcron";
    }
}

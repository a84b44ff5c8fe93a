using System.ComponentModel.DataAnnotations;
using Dcron.Grains.Cluster;

namespace Dcron.Silo;

/// <summary>Configuration section <c>Dcron:Cluster</c>.</summary>
public sealed class ClusterOptions
{
    public const string Section = "Dcron:Cluster";

    /// <summary>Silos with the same id form one cluster. Default: dcron.</summary>
    [Required, RegularExpression("[A-Za-z0-9][A-Za-z0-9._-]{0,62}", ErrorMessage = "Dcron:Cluster:ClusterId must have 1 to 63 letters, digits, dots, hyphens and underscores.")]
    public string ClusterId { get; set; } = "dcron";

    /// <summary>Port of the traffic between silos. Default: 11111.</summary>
    [Range(1, 65_535)]
    public int SiloPort { get; set; } = 11_111;

    /// <summary>Port at which front-ends reach this silo. Default: 30000.</summary>
    [Range(1, 65_535)]
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>IP address at which others reach this silo. Default: loopback.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>IP address to listen on for them, where it is another one, as behind address translation; 0.0.0.0 for all of this machine's. Default: the advertised one.</summary>
    public string? ListenAddress { get; set; }

    /// <summary>True to listen beyond loopback without <c>Dcron:Cluster:Tls</c>: for networks that let nobody else reach the silo's ports. Default: false.</summary>
    public bool AllowUnencrypted { get; set; }

    /// <summary>Certificates of this node and of the cluster's authority. Default: none, so no TLS.</summary>
    public ClusterTlsOptions Tls { get; set; } = new();
}

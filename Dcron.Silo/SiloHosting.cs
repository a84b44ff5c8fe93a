using System.Net;
using Dcron.Grains;
using Dcron.Grains.Cluster;
using Dcron.Grains.Workers;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace Dcron.Silo;

internal static class SiloHosting
{
    // Room for every job that a silo has to do with. Orleans makes room for a million at once, and the dashboard counts through all of it every five seconds:
    // half a percent of a core on a node that does nothing.
    private const int DirectoryCacheSize = 50_000;

    // How often silos tell each other how loaded they are, which decides where a grain begins; each second by default, also on a node that does nothing.
    private static readonly TimeSpan LoadShownEvery = TimeSpan.FromSeconds(5);

    /// <summary>A silo with dcron's grains and, unless it is switched off, a worker.</summary>
    public static IHostApplicationBuilder AddDcronSilo(this IHostApplicationBuilder builder)
    {
        var cluster = builder.Configuration.GetSection(ClusterOptions.Section).Get<ClusterOptions>() ?? new ClusterOptions();
        var worker = builder.Configuration.GetSection(WorkerOptions.Section).Get<WorkerOptions>() ?? new WorkerOptions();
        builder.Services.AddOptions<ClusterOptions>().BindConfiguration(ClusterOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<ClusterOptions>, ClusterOptionsValidator>();
        builder.AddDcronRecords();
        builder.UseOrleans(silo => silo
            .Configure<Orleans.Configuration.ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.ClusterId, "dcron"))
            .Configure<ClusterMembershipOptions>(FailureDetection)
            .Configure<GrainDirectoryOptions>(options => options.CacheSize = DirectoryCacheSize)
            .Configure<DeploymentLoadPublisherOptions>(options => options.DeploymentLoadPublisherRefreshTime = LoadShownEvery)
            .Configure<StatelessWorkerOptions>(options => options.IdleWorkersInspectionPeriod = TimeSpan.FromMinutes(1)) // twice a second otherwise
            .Configure<EndpointOptions>(options => SetEndpoints(options, cluster))
            .UseDcronTls()
            .UseDcronClustering()
            .UseDcronReminders()
            .AddDcronGrains()
            .AddDashboard(options => options.CounterUpdateIntervalMs = 5000) // each second, its counters alone would keep a node from idling
            .StartAfterDcronStores());
        QuietFalseStart.AddTo(builder);
        if (worker.Enabled)
        {
            builder.AddDcronWorker(nodeName: $"{cluster.SiloPort}", typeof(SiloHosting).Assembly);
        }

        // The worker's own grace comes first; the rest is for the silo to hand over.
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(worker.ShutdownGraceSeconds + worker.StopGraceSeconds + 15));
        return builder;
    }

    // Dead in seconds without evicting the merely slow: measured with 16 busy loops on two cores.
    private static void FailureDetection(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1.5); // until Orleans has seen enough answers to adapt it, in the first seconds of a silo
        options.MaxProbeTimeout = TimeSpan.FromSeconds(3);
        options.NumMissedProbesLimit = 3;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        options.NumMissedTableIAmAliveLimit = 3;
    }

    private static void SetEndpoints(EndpointOptions options, ClusterOptions cluster)
    {
        var advertised = AddressOf(cluster.AdvertisedAddress);
        var listening = cluster.ListenAddress is { } other ? AddressOf(other) : advertised;
        (options.AdvertisedIPAddress, options.SiloPort, options.GatewayPort) = (advertised, cluster.SiloPort, cluster.GatewayPort);
        options.SiloListeningEndpoint = new IPEndPoint(listening, cluster.SiloPort);
        options.GatewayListeningEndpoint = new IPEndPoint(listening, cluster.GatewayPort);
    }

    // What is no address is told by the options' check, which comes later.
    private static IPAddress AddressOf(string text) => IPAddress.TryParse(text, out var address) ? address : IPAddress.Loopback;
}

internal sealed class ClusterOptionsValidator : IValidateOptions<ClusterOptions>
{
    public ValidateOptionsResult Validate(string? name, ClusterOptions options) =>
        !IPAddress.TryParse(options.AdvertisedAddress, out var address)
            ? ValidateOptionsResult.Fail($"Dcron:Cluster:AdvertisedAddress is '{options.AdvertisedAddress}'; it must be an IP address of this machine, such as 10.0.0.5.")
            : address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
                ? ValidateOptionsResult.Fail("Dcron:Cluster:AdvertisedAddress must be one address that others can reach, not 'any'; what to listen on is Dcron:Cluster:ListenAddress.")
            : options.ListenAddress is { } listening && !IPAddress.TryParse(listening, out _)
                ? ValidateOptionsResult.Fail($"Dcron:Cluster:ListenAddress is '{listening}'; it must be an IP address of this machine, or 0.0.0.0 for all of them.")
            : options.SiloPort == options.GatewayPort
                ? ValidateOptionsResult.Fail($"Dcron:Cluster:SiloPort and GatewayPort are both {options.SiloPort}; each needs a port of its own.")
            : IPAddress.Parse(options.ListenAddress ?? options.AdvertisedAddress) is var listens && !IPAddress.IsLoopback(listens) && !options.Tls.IsOn && !options.AllowUnencrypted
                ? ValidateOptionsResult.Fail($"The silo would listen on {listens} (Dcron:Cluster:AdvertisedAddress, ListenAddress), where whoever reaches the silo's ports could make it run anything: they know no keys. "
                    + "Set Dcron:Cluster:Tls:Certificate, Key and TrustedCa; or, where the network lets nobody but the cluster's own machines reach those ports, Dcron:Cluster:AllowUnencrypted to true.")
                : ValidateOptionsResult.Success;
}

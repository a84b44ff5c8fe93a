using System.Net;
using Dcron.Grains;
using Dcron.Grains.Workers;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace Dcron.Silo;

internal static class SiloHosting
{
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
            .ConfigureEndpoints(AddressOf(cluster), cluster.SiloPort, cluster.GatewayPort, listenOnAnyHostAddress: false)
            .UseDcronClustering()
            .UseDcronReminders()
            .AddDcronGrains()
            .AddDashboard(options => options.CounterUpdateIntervalMs = 5000)); // each second, its counters alone would keep a node from idling
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
        options.ProbeTimeout = TimeSpan.FromSeconds(2);
        options.MaxProbeTimeout = TimeSpan.FromSeconds(4);
        options.NumMissedProbesLimit = 3;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        options.NumMissedTableIAmAliveLimit = 3;
    }

    private static IPAddress AddressOf(ClusterOptions cluster) => IPAddress.TryParse(cluster.AdvertisedAddress, out var address) ? address : IPAddress.Loopback;
}

internal sealed class ClusterOptionsValidator : IValidateOptions<ClusterOptions>
{
    public ValidateOptionsResult Validate(string? name, ClusterOptions options) =>
        !IPAddress.TryParse(options.AdvertisedAddress, out var address)
            ? ValidateOptionsResult.Fail($"Dcron:Cluster:AdvertisedAddress is '{options.AdvertisedAddress}'; it must be an IP address of this machine, such as 10.0.0.5.")
            : address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
                ? ValidateOptionsResult.Fail("Dcron:Cluster:AdvertisedAddress must be one address that others can reach, not 'any'.")
                : ValidateOptionsResult.Success;
}

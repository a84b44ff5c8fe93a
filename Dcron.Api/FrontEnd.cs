using Dcron.Grains.Cluster;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Runtime;

namespace Dcron.Api;

/// <summary>A front-end: it answers calls and runs nothing, and finds the silos by the document store that it shares with them.</summary>
internal static partial class FrontEnd
{
    private const string ClusterSection = "Dcron:Cluster";
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>An Orleans client of the cluster that <c>Dcron:Cluster:ClusterId</c> names. Waits for a silo for as long as it takes.</summary>
    public static WebApplicationBuilder AddDcronClient(this WebApplicationBuilder builder)
    {
        var clusterId = builder.Configuration[$"{ClusterSection}:ClusterId"] ?? "dcron";
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (clusterId, "dcron"))
            .UseDcronTls()
            .UseDcronClustering()
            .UseConnectionRetryFilter<PatientConnection>()
            .AddDashboard());
        builder.Services.AddSingleton<ILifecycleParticipant<IClusterClientLifecycle>, StartAfterStores>();
        return builder;
    }

    private sealed class StartAfterStores(StoreStartup stores) : ILifecycleParticipant<IClusterClientLifecycle>
    {
        public void Participate(IClusterClientLifecycle lifecycle) =>
            lifecycle.Subscribe(nameof(StartAfterStores), ServiceLifecycleStage.First, cancellationToken => stores.Ready.WaitAsync(cancellationToken));
    }

    private sealed partial class PatientConnection(TimeProvider time, ILogger<PatientConnection> logger) : IClientConnectionRetryFilter
    {
        public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
        {
            Waiting(logger, exception.Message);
            await Task.Delay(RetryDelay, time, cancellationToken);
            return true;
        }

        [LoggerMessage(LogLevel.Warning, "No silo answers yet: {Reason}")]
        private static partial void Waiting(ILogger logger, string reason);
    }
}

using System.Reflection;
using Dcron.Grains.Cluster;
using Dcron.Grains.History;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Leading;
using Dcron.Grains.Ledger;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Dcron.Grains.Scripts;
using Dcron.Grains.Secrets;
using Dcron.Grains.Workers;
using Dcron.Storage;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Dcron.Grains;

public static class DcronGrainsHosting
{
    /// <summary>What every process that reads or writes dcron's records needs, a front-end without a silo included. Comes before Orleans.</summary>
    public static IHostApplicationBuilder AddDcronRecords(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddKeyedSingleton(DcronClock.Key, TimeProvider.System);
        builder.Services.AddSingleton<ExecutionHistory>();
        builder.Services.AddSingleton<JobVersions>();
        builder.Services.AddSingleton<LedgerVerifier>();
        builder.Services.AddSingleton<ScriptLibrary>();
        builder.Services.AddSingleton<ScriptPinner>();
        var clusterId = builder.Configuration["Dcron:Cluster:ClusterId"] ?? "dcron";
        builder.Services.AddSingleton(provider => new ClusterRecord(provider.GetRequiredService<IDocumentStore>(), clusterId));
        builder.Services.AddSingleton<StoreStartup>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<StoreStartup>());

        // The API listens, and says what is missing, while the stores are waited for.
        builder.Services.Configure<HostOptions>(options => options.ServicesStartConcurrently = true);
        builder.Services.AddSingleton<AllowedScripts>();
        builder.Services.AddOptions<SecretsOptions>().BindConfiguration(SecretsOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<SecretsOptions>, SecretsOptionsValidator>();
        builder.Services.AddSingleton<SecretKeyRing>();
        builder.Services.AddSingleton<SecretStore>();
        return builder;
    }

    /// <summary>The grains of a silo, and the storage that they need.</summary>
    public static ISiloBuilder AddDcronGrains(this ISiloBuilder silo)
    {
        silo.AddDcronGrainStorage(JobState.Provider, options => options.TypeInfoResolver = DcronJson.Default);
        silo.AddPlacementDirector<SiloPinnedPlacement, SiloPinnedPlacementDirector>();
        silo.Services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(typeof(DocumentStoreUnavailableException).Namespace!)); // such as a reminder's owner throws
        silo.Services.AddSingleton<JobNames>();
        silo.Services.AddSingleton<JobStateFactory>();
        silo.Services.AddSingleton<OpenLaunches>();
        silo.Services.AddOptions<HistoryOptions>().BindConfiguration(HistoryOptions.Section)
            .Validate(history => history.RetentionMonths is >= 0 and <= HistoryOptions.MostMonths, $"{HistoryOptions.Section}:RetentionMonths must be 0 (for ever) to {HistoryOptions.MostMonths}.")
            .ValidateOnStart();
        silo.Services.AddSingleton<Retention>();
        silo.Services.AddSingleton<WakeIndex>();
        silo.Services.AddSingleton<LostSweep>();
        silo.Services.AddSingleton<WorkerLiveness>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<WorkerLiveness>());
        silo.Services.AddSingleton<WorkerNode>();
        return silo;
    }

    /// <summary>
    /// Lets the silo wait for the stores, and start only where no other has its address; the dashboard waits for somebody who looks at it. Comes after it,
    /// and with <see cref="AddDcronRecords"/>.
    /// </summary>
    public static ISiloBuilder StartAfterDcronStores(this ISiloBuilder silo)
    {
        SiloDashboard.HoldBack(silo.Services);
        silo.Services.AddSingleton<AddressCheck>();
        silo.Services.AddSingleton<SiloStart>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloStart>());
        return silo;
    }

    /// <summary>The worker of a silo. Comes after Orleans, so that it drains before the silo stops.</summary>
    /// <param name="builder">The node's builder.</param>
    /// <param name="nodeName">Names this node's folder under the data folder; the same after a restart, and of no other node that shares the data folder.</param>
    /// <param name="program">The program that is the guard when it is started with <c>guard</c>.</param>
    public static IHostApplicationBuilder AddDcronWorker(this IHostApplicationBuilder builder, string nodeName, Assembly program)
    {
        var services = builder.Services;
        services.AddOptions<WorkerOptions>().BindConfiguration(WorkerOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>();
        services.AddSingleton(provider => new Spool(
            Path.Combine(NodeFolder(provider, nodeName), "spool"),
            provider.GetRequiredService<ILocalSiloDetails>().SiloAddress.Generation));
        services.AddSingleton(provider => provider.GetRequiredService<WorkerContainment>().Folders);
        services.AddSingleton(provider => new ScriptCache(
            provider.GetRequiredService<IObjectStore>(),
            Path.Combine(provider.GetRequiredService<WorkerContainment>().PublicFolder, "scripts"),
            ScriptCache.DefaultMaxBytes,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ScriptLease>();
        services.AddSingleton(provider => FindContainment(provider, nodeName));
        services.AddSingleton<ProcessReactor>();
        services.AddSingleton(GuardCommand.Of(program));
        services.AddSingleton<GuardLink>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ScriptHost>(provider, provider.GetRequiredService<GuardLink>()));
        services.AddSingleton(provider => FindInterpreters(provider));
        services.AddSingleton<OutcomeWriter>();
        services.AddSingleton<LaunchSecrets>();
        services.AddSingleton<ExecutionRunner>();
        services.AddSingleton<StartHistory>();
        services.AddSingleton<StartRecorder>();
        services.AddHostedService(provider => provider.GetRequiredService<StartRecorder>());
        services.AddSingleton<SpoolRecovery>();
        services.AddHostedService<WorkerService>();
        return builder;
    }

    // Once, while the node starts: nothing that comes after could do anything without them.
    private static InterpreterCatalog FindInterpreters(IServiceProvider provider) => InterpreterCatalog.FindAsync(
        provider.GetRequiredService<IOptions<WorkerOptions>>().Value.Interpreters,
        Path.Combine(provider.GetRequiredService<WorkerContainment>().PublicFolder, "prelude"),
        Environment.GetEnvironmentVariable("PATH") ?? "",
        provider.GetRequiredService<TimeProvider>(),
        provider.GetRequiredService<ILogger<InterpreterCatalog>>(),
        provider.GetRequiredService<WorkerContainment>().AsScript).GetAwaiter().GetResult();

    private static WorkerContainment FindContainment(IServiceProvider provider, string nodeName) => WorkerContainment.FindAsync(
        provider.GetRequiredService<IOptions<WorkerOptions>>().Value,
        Path.GetFullPath(provider.GetRequiredService<IOptions<DcronStorageOptions>>().Value.DataPath),
        NodeFolder(provider, nodeName),
        provider.GetRequiredService<TimeProvider>(),
        provider.GetRequiredService<ILogger<WorkerContainment>>()).GetAwaiter().GetResult();

    private static string NodeFolder(IServiceProvider provider, string nodeName) =>
        Path.Combine(Path.GetFullPath(provider.GetRequiredService<IOptions<DcronStorageOptions>>().Value.DataPath), "nodes", nodeName);
}

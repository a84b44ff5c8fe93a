using Dcron.Storage.Documents.CouchDb;
using Dcron.Storage.Orleans;
using Dcron.Storage.Orleans.CouchDb;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Providers;
using Orleans.Runtime.Hosting;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>
/// Orleans on Apache CouchDB, without the rest of dcron. The same from configuration: <c>Orleans:Clustering:ProviderType</c>, <c>Orleans:Reminders:ProviderType</c> and
/// <c>Orleans:GrainStorage:{name}:ProviderType</c> are <c>CouchDb</c>, with the settings of <see cref="CouchDbOptions"/> beside it.
/// </summary>
public static class CouchDbHostingExtensions
{
    private const string Clustering = "orleans-clustering";
    private const string Reminders = "orleans-reminders";

    /// <summary>Silos find each other by CouchDB, apart by <c>ClusterOptions.ClusterId</c>.</summary>
    public static ISiloBuilder UseCouchDbClustering(this ISiloBuilder builder, Action<CouchDbOptions> configure)
    {
        AddClustering(builder.Services, "Orleans:Clustering", configure);
        return builder;
    }

    /// <summary>The client finds the silos' gateways by CouchDB.</summary>
    public static IClientBuilder UseCouchDbClustering(this IClientBuilder builder, Action<CouchDbOptions> configure)
    {
        AddClustering(builder.Services, "Orleans:Clustering", configure);
        builder.Services.AddSingleton<IGatewayListProvider, DocumentGatewayListProvider>();
        return builder;
    }

    /// <summary>Reminders in CouchDB, apart by <c>ClusterOptions.ServiceId</c>.</summary>
    public static ISiloBuilder UseCouchDbReminderService(this ISiloBuilder builder, Action<CouchDbOptions> configure)
    {
        builder.AddReminders();
        CouchDbStores.Add(builder.Services, Reminders, "Orleans:Reminders", configure);
        builder.Services.AddSingleton<IReminderTable>(provider => new DocumentReminderTable(
            provider.GetRequiredService<CouchDbStores>().Get(Reminders),
            provider.GetRequiredService<IOptions<ClusterOptions>>()));
        return builder;
    }

    /// <summary>Grain states in CouchDB, for grains that ask for no provider by name.</summary>
    public static ISiloBuilder AddCouchDbGrainStorageAsDefault(
        this ISiloBuilder builder, Action<CouchDbOptions> configure, Action<OptionsBuilder<CouchDbGrainStorageOptions>>? configureStates = null) =>
        builder.AddCouchDbGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configure, configureStates);

    /// <summary>Grain states in CouchDB: a document for each, in a collection for each name of a state.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">What <c>[PersistentState("…", name)]</c> asks for.</param>
    /// <param name="configure">Says where CouchDB is.</param>
    /// <param name="configureStates">Says how states are written; by default as Orleans does.</param>
    public static ISiloBuilder AddCouchDbGrainStorage(
        this ISiloBuilder builder, string name, Action<CouchDbOptions> configure, Action<OptionsBuilder<CouchDbGrainStorageOptions>>? configureStates = null)
    {
        var services = builder.Services;
        CouchDbStores.Add(services, SettingsOf(name), $"Orleans:GrainStorage:{name}", configure);
        configureStates?.Invoke(services.AddOptions<CouchDbGrainStorageOptions>(name));
        services.TryAddTransient<IPostConfigureOptions<CouchDbGrainStorageOptions>, DefaultStorageProviderSerializerOptionsConfigurator<CouchDbGrainStorageOptions>>();
        services.AddGrainStorage(name, static (provider, name) => new DocumentGrainStorage(
            provider.GetRequiredService<CouchDbStores>().Get(SettingsOf(name)),
            new SerializedStates(provider.GetRequiredService<IOptionsMonitor<CouchDbGrainStorageOptions>>().Get(name).GrainStorageSerializer),
            provider.GetRequiredService<IActivatorProvider>()));
        return builder;
    }

    private static string SettingsOf(string storage) => "orleans-storage-" + storage;

    private static void AddClustering(IServiceCollection services, string section, Action<CouchDbOptions> configure)
    {
        CouchDbStores.Add(services, Clustering, section, configure);
        services.AddSingleton(provider => new DocumentMembershipTable(
            provider.GetRequiredService<CouchDbStores>().Get(Clustering),
            provider.GetRequiredService<IOptions<ClusterOptions>>()));
        services.AddSingleton<IMembershipTable>(provider => provider.GetRequiredService<DocumentMembershipTable>());
    }
}

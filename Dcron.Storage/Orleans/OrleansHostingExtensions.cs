using Dcron.Storage.Documents;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime.Hosting;
using Orleans.Serialization.Serializers;

namespace Dcron.Storage.Orleans;

/// <summary>
/// Orleans' own needs on dcron's document store, whichever that is: <see cref="StorageHostingExtensions.AddDcronStorage{TBuilder}"/> must have been called.
/// </summary>
public static class OrleansHostingExtensions
{
    /// <summary>Grain storage that keeps states as documents.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">The name that <c>[PersistentState("…", name)]</c> asks for; <c>Default</c> for those that ask for none.</param>
    /// <param name="configure">Says how states are written and where they go.</param>
    public static ISiloBuilder AddDcronGrainStorage(this ISiloBuilder builder, string name, Action<DocumentGrainStorageOptions> configure)
    {
        builder.Services.AddOptions<DocumentGrainStorageOptions>(name).Configure(configure);
        builder.Services.AddGrainStorage(name, static (provider, name) => new DocumentGrainStorage(
            provider.GetRequiredService<IDocumentStore>(),
            provider.GetRequiredService<IOptionsMonitor<DocumentGrainStorageOptions>>().Get(name),
            provider.GetRequiredService<IActivatorProvider>()));
        return builder;
    }

    /// <summary>Reminders as documents, apart by <c>ClusterOptions.ServiceId</c>.</summary>
    public static ISiloBuilder UseDcronReminders(this ISiloBuilder builder)
    {
        builder.AddReminders();
        builder.Services.AddSingleton<IReminderTable, DocumentReminderTable>();
        return builder;
    }

    /// <summary>Silos find each other by the document store, apart by <c>ClusterOptions.ClusterId</c>.</summary>
    public static ISiloBuilder UseDcronClustering(this ISiloBuilder builder)
    {
        AddMembership(builder.Services);
        return builder;
    }

    /// <summary>The client finds the silos' gateways by the document store, which must be the silos' own.</summary>
    public static IClientBuilder UseDcronClustering(this IClientBuilder builder)
    {
        AddMembership(builder.Services);
        builder.Services.AddSingleton<IGatewayListProvider, DocumentGatewayListProvider>();
        return builder;
    }

    private static void AddMembership(IServiceCollection services)
    {
        services.AddSingleton<DocumentMembershipTable>();
        services.AddSingleton<IMembershipTable>(provider => provider.GetRequiredService<DocumentMembershipTable>());
    }
}

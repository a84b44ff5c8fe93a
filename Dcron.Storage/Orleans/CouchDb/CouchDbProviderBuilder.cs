using Dcron.Storage.Documents.CouchDb;
using Dcron.Storage.Orleans.CouchDb;
using Microsoft.Extensions.Configuration;
using Orleans;
using Orleans.Hosting;
using Orleans.Providers;

[assembly: RegisterProvider("CouchDb", "Clustering", "Silo", typeof(CouchDbClusteringBuilder))]
[assembly: RegisterProvider("CouchDb", "Clustering", "Client", typeof(CouchDbClusteringBuilder))]
[assembly: RegisterProvider("CouchDb", "Reminders", "Silo", typeof(CouchDbRemindersBuilder))]
[assembly: RegisterProvider("CouchDb", "GrainStorage", "Silo", typeof(CouchDbGrainStorageBuilder))]

namespace Dcron.Storage.Orleans.CouchDb;

/// <summary><c>Orleans:Clustering:ProviderType</c> is <c>CouchDb</c>.</summary>
internal sealed class CouchDbClusteringBuilder : IProviderBuilder<ISiloBuilder>, IProviderBuilder<IClientBuilder>
{
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) => builder.UseCouchDbClustering(configurationSection.Bind);

    public void Configure(IClientBuilder builder, string? name, IConfigurationSection configurationSection) => builder.UseCouchDbClustering(configurationSection.Bind);
}

/// <summary><c>Orleans:Reminders:ProviderType</c> is <c>CouchDb</c>.</summary>
internal sealed class CouchDbRemindersBuilder : IProviderBuilder<ISiloBuilder>
{
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) => builder.UseCouchDbReminderService(configurationSection.Bind);
}

/// <summary><c>Orleans:GrainStorage:{name}:ProviderType</c> is <c>CouchDb</c>.</summary>
internal sealed class CouchDbGrainStorageBuilder : IProviderBuilder<ISiloBuilder>
{
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) =>
        builder.AddCouchDbGrainStorage(name ?? ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configurationSection.Bind);
}

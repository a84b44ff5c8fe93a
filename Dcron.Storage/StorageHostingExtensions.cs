using Dcron.Storage.Documents;
using Dcron.Storage.Documents.CouchDb;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.Folder;
using Dcron.Storage.Objects.S3;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dcron.Storage;

public static class StorageHostingExtensions
{
    private const string DefaultBucket = "dcron";

    // Another process writes for some milliseconds at a time; one that has not let go after this long is stuck.
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Registers <see cref="IDocumentStore"/> and <see cref="IObjectStore"/> as the section <c>Dcron</c> of the configuration says
    /// (<see cref="DcronStorageOptions"/>, checked at start). They open at first use and are closed with the host.
    /// </summary>
    public static TBuilder AddDcronStorage<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<DcronStorageOptions>, DcronStorageOptionsValidator>();
        services.AddOptions<DcronStorageOptions>().BindConfiguration("Dcron").ValidateOnStart();
        services.AddSingleton(DocumentStore);
        services.AddSingleton(ObjectStore);
        return builder;
    }

    private static IDocumentStore DocumentStore(IServiceProvider provider)
    {
        var documents = provider.GetRequiredService<IOptions<DcronStorageOptions>>().Value.Documents;
        return documents.IsCouchDb
            ? new CouchDbDocumentStore(documents.CouchDb, provider.GetRequiredService<TimeProvider>())
            : new SqliteDocumentStore(InDataFolder(provider, "dcron.db"), BusyTimeout);
    }

    private static IObjectStore ObjectStore(IServiceProvider provider)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var objects = provider.GetRequiredService<IOptions<DcronStorageOptions>>().Value.Objects;
        return objects.IsS3 ? new S3ObjectStore(objects.S3, time) : new FolderObjectStore(InDataFolder(provider, "objects"), DefaultBucket, time);
    }

    private static string InDataFolder(IServiceProvider provider, string name) =>
        Path.Join(provider.GetRequiredService<IOptions<DcronStorageOptions>>().Value.DataPath, name);
}

using System.Collections.Concurrent;
using Dcron.Storage.Documents.CouchDb;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Dcron.Storage.Orleans.CouchDb;

/// <summary>The connections to CouchDB of the providers in one host: those with the same settings share one, and with it the grouping of their writes.</summary>
internal sealed class CouchDbStores(IOptionsMonitor<CouchDbOptions> options, TimeProvider time) : IAsyncDisposable, IDisposable
{
    private readonly ConcurrentDictionary<(string Url, string User, string Password, string Database), Lazy<CouchDbDocumentStore>> _stores = new();

    /// <param name="name">Of the settings.</param>
    public CouchDbDocumentStore Get(string name)
    {
        var settings = options.Get(name);
        return _stores.GetOrAdd((settings.Url, settings.Username, settings.Password, settings.Database), _ => new(() => new CouchDbDocumentStore(settings, time))).Value;
    }

    /// <summary>Registers the settings of one provider, checked when the host starts.</summary>
    /// <param name="services">Of the host.</param>
    /// <param name="name">Of the settings.</param>
    /// <param name="section">Where they stand, for messages.</param>
    /// <param name="configure">Sets them.</param>
    public static void Add(IServiceCollection services, string name, string section, Action<CouchDbOptions> configure)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<CouchDbStores>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CouchDbOptions>, Validator>());
        services.AddOptions<CouchDbOptions>(name).Configure(settings => settings.Section = section).Configure(configure).ValidateOnStart();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores.Values)
        {
            await store.Value.DisposeAsync().ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var store in _stores.Values)
        {
            store.Value.Dispose();
        }
    }

    private sealed class Validator : IValidateOptions<CouchDbOptions>
    {
        public ValidateOptionsResult Validate(string? name, CouchDbOptions options) =>
            options.Mistakes().ToList() is { Count: > 0 } mistakes ? ValidateOptionsResult.Fail(mistakes) : ValidateOptionsResult.Success;
    }
}

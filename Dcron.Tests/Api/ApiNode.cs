using Dcron.Api;
using Dcron.Silo;
using Dcron.Storage;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dcron.Tests.Api;

/// <summary>A whole node inside the test's process: silo, worker and API over embedded stores, on ports of its own. Its stores can be put out of reach.</summary>
public sealed class ApiNode : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = new();
    private readonly WebApplication _app;

    private ApiNode(string[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            EnvironmentName = "Production",
            ContentRootPath = _folder.Path,
            Args =
            [
                "--urls", "http://127.0.0.1:0",
                "--Dcron:DataPath", _folder.Of("data"),
                "--Dcron:Cluster:SiloPort", $"{Ports.Free()}",
                "--Dcron:Cluster:GatewayPort", $"{Ports.Free()}",
                "--Dcron:Worker:Slots", "4",
                "--Dcron:Worker:StopGraceSeconds", "1",
                "--Dcron:Worker:ShutdownGraceSeconds", "0",
                .. settings,
            ],
        });
        builder.Logging.ClearProviders().AddProvider(Log);
        builder.AddDcronStorage();
        builder.AddDcronSilo();
        builder.AddDcronApi();
        Decorate<IDocumentStore>(builder.Services, store => Documents = new SwitchableDocuments(store));
        Decorate<IObjectStore>(builder.Services, store => Objects = new SwitchableObjects(store));
        _app = builder.Build();
        _app.MapDcronApi();
    }

    /// <summary>Where it listens, with a slash at the end.</summary>
    public Uri Address { get; private set; } = null!;

    public string DataPath => _folder.Of("data");

    public IServiceProvider Services => _app.Services;

    internal SwitchableDocuments Documents { get; private set; } = null!;

    internal SwitchableObjects Objects { get; private set; } = null!;

    internal KeptLog Log { get; } = new();

    public static async Task<ApiNode> StartAsync(params string[] settings)
    {
        var node = new ApiNode(settings);
        try
        {
            await node._app.StartAsync().WaitAsync(StartLimit);
            var bound = node._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.OrderBy(address => address, StringComparer.Ordinal).First(); // http: before https:
            node.Address = new Uri(bound.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal) + "/");
            using var client = new ApiClient(node);
            await client.UntilAsync("/healthz/ready", reply => reply.Status == 200);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node whose API is switched off, so that nobody can be asked whether it is ready.</summary>
    public static async Task<ApiNode> StartSilentAsync(params string[] settings)
    {
        var node = new ApiNode(settings);
        await node._app.StartAsync().WaitAsync(StartLimit);
        return node;
    }

    /// <param name="key">An API key, or null.</param>
    internal ApiClient Client(string? key = null) => new(this, key);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private static void Decorate<T>(IServiceCollection services, Func<T, T> with)
        where T : class
    {
        var inner = services.Last(service => service.ServiceType == typeof(T));
        services.Remove(inner);
        services.AddSingleton(provider => with((T)(inner.ImplementationInstance ?? inner.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!))));
    }
}

/// <summary>One node for all tests that only need some node that asks no key.</summary>
public sealed class OpenNode : IAsyncLifetime
{
    public ApiNode Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await ApiNode.StartAsync();

    public async Task DisposeAsync()
    {
        if (Node is not null)
            await Node.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class OpenNodeCollection : ICollectionFixture<OpenNode>
{
    public const string Name = "open node";
}

using System.Net;
using Dcron.Storage;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Dcron.Tests.Storage.Orleans;

/// <summary>Two silos and a client with nothing between them but a folder.</summary>
public sealed class OrleansHostingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Silos_and_a_client_find_each_other_by_the_document_store()
    {
        using var folder = new TempFolder();
        using var one = Silo(folder.Of("data"));
        using var two = Silo(folder.Of("data"));
        using var client = Client(folder.Of("data"));
        await one.StartAsync().WaitAsync(Patience);
        await two.StartAsync().WaitAsync(Patience);
        await client.StartAsync().WaitAsync(Patience);

        var hosts = await client.Services.GetRequiredService<IClusterClient>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true).WaitAsync(Patience);

        Assert.Equal(2, hosts.Count);
        Assert.All(hosts.Values, status => Assert.Equal(SiloStatus.Active, status));
        Assert.IsType<DocumentReminderTable>(one.Services.GetRequiredService<IReminderTable>());
        Assert.IsType<DocumentGrainStorage>(one.Services.GetRequiredKeyedService<IGrainStorage>("documents"));
        await client.StopAsync().WaitAsync(Patience);
        await two.StopAsync().WaitAsync(Patience);
        var left = await one.Services.GetRequiredService<DocumentMembershipTable>().ReadAll();
        Assert.Single(left.Members, m => m.Item1.Status == SiloStatus.Active);
        await one.StopAsync().WaitAsync(Patience);
    }

    private static IHost Silo(string dataPath)
    {
        var builder = Builder(dataPath);
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(Identity)
            .ConfigureEndpoints(IPAddress.Loopback, Ports.Free(), Ports.Free())
            .UseDcronClustering()
            .UseDcronReminders()
            .AddDcronGrainStorage("documents", options => options.TypeInfoResolver = CounterJson.Default));
        return builder.Build();
    }

    private static IHost Client(string dataPath)
    {
        var builder = Builder(dataPath);
        builder.UseOrleansClient(client => client.Configure<ClusterOptions>(Identity).UseDcronClustering());
        return builder.Build();
    }

    private static HostApplicationBuilder Builder(string dataPath)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("Dcron:DataPath", (string?)dataPath)]);
        builder.AddDcronStorage();
        return builder;
    }

    private static void Identity(ClusterOptions options) => (options.ClusterId, options.ServiceId) = ("test", "test");
}

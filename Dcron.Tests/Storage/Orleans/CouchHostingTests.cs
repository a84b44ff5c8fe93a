using System.Net;
using Dcron.Storage.Documents.CouchDb;
using Dcron.Tests.Storage.Documents.CouchDb;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Dcron.Tests.Storage.Orleans;

/// <summary>Orleans on CouchDB as its users set it up, without the rest of dcron: two silos and a client, by verbs and from configuration.</summary>
public sealed class CouchHostingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_silos_and_a_client_share_members_reminders_and_states(bool fromConfiguration)
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.AnyAsync());
        using var one = Silo(couch, fromConfiguration);
        using var two = Silo(couch, fromConfiguration);
        using var client = Client(couch, fromConfiguration);
        await one.StartAsync().WaitAsync(Patience);
        await two.StartAsync().WaitAsync(Patience);
        await client.StartAsync().WaitAsync(Patience);
        var grains = client.Services.GetRequiredService<IClusterClient>();

        var hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true).WaitAsync(Patience);
        Assert.Equal(2, hosts.Count);

        // The same key for a grain of another type, and a key that is no document's id.
        var (counter, other, odd) = (grains.GetGrain<ICouchCounter>("one"), grains.GetGrain<ICouchNote>("one"), grains.GetGrain<ICouchCounter>("Ünï/\n" + new string('x', 500)));
        Assert.Equal(1, await counter.Add(1).WaitAsync(Patience));
        Assert.Equal(8, await counter.Add(7).WaitAsync(Patience));
        Assert.Equal(1, await odd.Add(1).WaitAsync(Patience));
        await other.Write("a note").WaitAsync(Patience);
        await counter.RemindMe().WaitAsync(Patience);

        foreach (var silo in new[] { one, two })
        {
            var rows = await silo.Services.GetRequiredService<IReminderTable>().ReadRows(counter.GetGrainId());
            Assert.Equal("remember", Assert.Single(rows.Reminders).ReminderName);
        }

        // Whichever silo has them: they are read again from what is stored.
        await Task.WhenAll(counter.Forget(), other.Forget(), odd.Forget()).WaitAsync(Patience);
        await one.StopAsync().WaitAsync(Patience);
        Assert.Equal(8, await counter.Read().WaitAsync(Patience));
        Assert.Equal(1, await odd.Read().WaitAsync(Patience));
        Assert.Equal("a note", await other.Read().WaitAsync(Patience));

        await client.StopAsync().WaitAsync(Patience);
        await two.StopAsync().WaitAsync(Patience);
        var collections = await couch.Open().ListCollectionsAsync("");
        Assert.Equal(["orleans-membership", "orleans-reminders", "state-count", "state-note"], collections);
    }

    [SkippableFact]
    public async Task A_write_over_a_state_that_somebody_else_has_written_is_refused_with_both_etags()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.AnyAsync());
        using var host = Silo(couch, fromConfiguration: false);
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>("Default");
        var grain = GrainId.Create("couch", "one");
        var (first, second) = (new GrainState<List<string>> { State = ["a"] }, new GrainState<List<string>> { State = ["b"] });

        await storage.WriteStateAsync("List of Texts", grain, first);
        var refused = await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("List of Texts", grain, second));
        Assert.Equal(first.ETag, refused.StoredEtag);
        Assert.Null(refused.CurrentEtag is null or "" ? null : refused.CurrentEtag);

        await storage.ReadStateAsync("List of Texts", grain, second);
        Assert.Equal(["a"], second.State!);
        await storage.ClearStateAsync("List of Texts", grain, second);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("List of Texts", grain, first));
        await storage.ReadStateAsync("List of Texts", grain, first);
        Assert.False(first.RecordExists);
    }

    [Fact]
    public Task Wrong_settings_of_the_clustering_are_told_at_start_by_their_section() => AreTold(
        silo => silo.UseCouchDbClustering(options => options.Url = "couchdb"),
        "Orleans:Clustering:Url", "Orleans:Clustering:Username", "Orleans:Clustering:Password");

    [Fact]
    public Task Wrong_settings_of_a_storage_are_told_at_start_by_its_section() => AreTold(
        silo => silo.UseLocalhostClustering(Ports.Free(), Ports.Free()).AddCouchDbGrainStorage("states", options => (options.Url, options.Username) = ("http://couchdb:5984", "dcron")),
        "Orleans:GrainStorage:states:Password");

    private static async Task AreTold(Action<ISiloBuilder> configure, params string[] keys)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(configure);
        using var host = builder.Build();

        var told = (await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync())).ToString();

        Assert.All(keys, key => Assert.Contains(key, told, StringComparison.Ordinal));
    }

    private static IHost Silo(CouchFixture couch, bool fromConfiguration)
    {
        var builder = Builder(couch, fromConfiguration, "Orleans:Clustering", "Orleans:Reminders", "Orleans:GrainStorage:Default", "Orleans:GrainStorage:notes");
        builder.UseOrleans(silo =>
        {
            silo.ConfigureEndpoints(IPAddress.Loopback, Ports.Free(), Ports.Free());
            if (!fromConfiguration)
            {
                silo.Configure<ClusterOptions>(Identity)
                    .UseCouchDbClustering(Use(couch))
                    .UseCouchDbReminderService(Use(couch))
                    .AddCouchDbGrainStorageAsDefault(Use(couch))
                    .AddCouchDbGrainStorage("notes", Use(couch));
            }
        });
        return builder.Build();
    }

    private static IHost Client(CouchFixture couch, bool fromConfiguration)
    {
        var builder = Builder(couch, fromConfiguration, "Orleans:Clustering");
        builder.UseOrleansClient(client =>
        {
            if (!fromConfiguration)
            {
                client.Configure<ClusterOptions>(Identity).UseCouchDbClustering(Use(couch));
            }
        });
        return builder.Build();
    }

    private static HostApplicationBuilder Builder(CouchFixture couch, bool fromConfiguration, params string[] sections)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        if (fromConfiguration)
        {
            var keys = new Dictionary<string, string?> { ["Orleans:ClusterId"] = "test", ["Orleans:ServiceId"] = "test" };
            foreach (var section in sections)
            {
                keys[$"{section}:ProviderType"] = "CouchDb";
                keys[$"{section}:Url"] = couch.Options.Url;
                keys[$"{section}:Username"] = couch.Options.Username;
                keys[$"{section}:Password"] = couch.Options.Password;
                keys[$"{section}:Database"] = couch.Options.Database;
            }

            builder.Configuration.AddInMemoryCollection(keys);
        }

        return builder;
    }

    private static Action<CouchDbOptions> Use(CouchFixture couch) => options =>
        (options.Url, options.Username, options.Password, options.Database) = (couch.Options.Url, couch.Options.Username, couch.Options.Password, couch.Options.Database);

    private static void Identity(ClusterOptions options) => (options.ClusterId, options.ServiceId) = ("test", "test");
}

[Alias("dcron.tests.couch-counter")]
public interface ICouchCounter : IGrainWithStringKey
{
    [Alias("add")]
    Task<int> Add(int by);

    [Alias("read")]
    Task<int> Read();

    [Alias("remind-me")]
    Task RemindMe();

    [Alias("forget")]
    Task Forget();
}

[Alias("dcron.tests.couch-note")]
public interface ICouchNote : IGrainWithStringKey
{
    [Alias("write")]
    Task Write(string text);

    [Alias("read")]
    Task<string> Read();

    [Alias("forget")]
    Task Forget();
}

/// <summary>A state that is no object, in the default storage.</summary>
internal sealed class CouchCounter([PersistentState("count")] IPersistentState<int> count) : Grain, ICouchCounter, IRemindable
{
    public async Task<int> Add(int by)
    {
        count.State += by;
        await count.WriteStateAsync();
        return count.State;
    }

    public Task<int> Read() => Task.FromResult(count.State);

    public Task RemindMe() => this.RegisterOrUpdateReminder("remember", TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));

    public Task Forget()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;
}

/// <summary>A state in a storage of its own name.</summary>
internal sealed class CouchNote([PersistentState("note", "notes")] IPersistentState<CouchNoteState> note) : Grain, ICouchNote
{
    public async Task Write(string text)
    {
        note.State.Text = text;
        await note.WriteStateAsync();
    }

    public Task<string> Read() => Task.FromResult(note.State.Text);

    public Task Forget()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

[GenerateSerializer, Alias("dcron.tests.couch-note-state")]
public sealed class CouchNoteState
{
    [Id(0)]
    public string Text { get; set; } = "";
}

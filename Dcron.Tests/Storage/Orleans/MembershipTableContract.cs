using System.Net;
using Dcron.Storage.Documents;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Dcron.Tests.Storage.Orleans;

/// <summary>What Orleans asks of a membership table and a list of gateways, on any document store.</summary>
public abstract class MembershipTableContract : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private IDocumentStore _store = null!;
    private DocumentMembershipTable _table = null!;
    private int _lastPort = 11_111;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        _store = await OpenAsync();
        _table = TableOf("cluster");
        await _table.InitializeMembershipTable(tryInitTableVersion: true);
    }

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableFact]
    public async Task A_new_table_is_empty_at_version_0_with_an_etag()
    {
        var data = await _table.ReadAll();

        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        Assert.NotNull(data.Version.VersionEtag);
    }

    [SkippableFact]
    public async Task A_table_that_nobody_initialised_can_be_read_and_written()
    {
        var table = TableOf("other");
        await table.InitializeMembershipTable(tryInitTableVersion: false);
        var version = (await table.ReadAll()).Version;

        Assert.Equal(0, version.Version);
        Assert.NotNull(version.VersionEtag);
        Assert.True(await table.InsertRow(Silo(), version.Next()));
        Assert.Equal(1, (await table.ReadAll()).Version.Version);
    }

    [SkippableFact]
    public async Task Initialising_again_keeps_what_is_there()
    {
        await Insert(Silo());

        await TableOf("cluster").InitializeMembershipTable(tryInitTableVersion: true);

        Assert.Equal(1, (await _table.ReadAll()).Version.Version);
    }

    [SkippableFact]
    public async Task An_inserted_row_is_read_with_the_new_version()
    {
        var silo = Silo();
        silo.SuspectTimes = [Tuple.Create(Silo().SiloAddress, Start.AddMinutes(1)), Tuple.Create(Silo().SiloAddress, Start.AddMinutes(2))];
        (silo.RoleName, silo.UpdateZone, silo.FaultZone) = ("role", 3, 4);
        var before = (await _table.ReadAll()).Version;

        Assert.True(await _table.InsertRow(silo, before.Next()));

        foreach (var data in new[] { await _table.ReadAll(), await _table.ReadRow(silo.SiloAddress) })
        {
            var (entry, etag) = Assert.Single(data.Members);
            Assert.Equal(silo.ToFullString(), entry.ToFullString());
            Assert.Equal(silo.SuspectTimes, entry.SuspectTimes);
            Assert.NotNull(etag);
            Assert.Equal(1, data.Version.Version);
            Assert.NotEqual(before.VersionEtag, data.Version.VersionEtag);
        }
    }

    [SkippableFact]
    public async Task A_missing_row_reads_as_no_member_with_the_version()
    {
        await Insert(Silo());

        var data = await _table.ReadRow(Silo().SiloAddress);

        Assert.Empty(data.Members);
        Assert.Equal(1, data.Version.Version);
    }

    [SkippableFact]
    public async Task An_insert_with_an_old_version_or_of_a_known_silo_is_refused_without_effect()
    {
        var silo = Silo();
        var old = (await _table.ReadAll()).Version.Next();
        Assert.True(await _table.InsertRow(silo, old));
        var before = await _table.ReadAll();

        Assert.False(await _table.InsertRow(Silo(), old));
        Assert.False(await _table.InsertRow(silo, old));
        Assert.False(await _table.InsertRow(silo, before.Version.Next()));

        Assert.Equal(before.Version, (await _table.ReadAll()).Version);
        Assert.Single((await _table.ReadAll()).Members);
    }

    [SkippableFact]
    public async Task An_update_needs_the_rows_etag_and_the_tables()
    {
        var silo = Silo();
        var oldVersion = (await _table.ReadAll()).Version.Next();
        Assert.True(await _table.InsertRow(silo, oldVersion));
        var first = await _table.ReadRow(silo.SiloAddress);
        var oldEtag = first.Members[0].Item2;

        silo.Status = SiloStatus.Active;
        Assert.False(await _table.UpdateRow(silo, oldEtag, oldVersion));
        Assert.False(await _table.UpdateRow(silo, "wrong", first.Version.Next()));
        Assert.False(await _table.UpdateRow(Silo(), oldEtag, first.Version.Next()));
        Assert.Equal(first.Version, (await _table.ReadAll()).Version);
        Assert.True(await _table.UpdateRow(silo, oldEtag, first.Version.Next()));

        var second = await _table.ReadRow(silo.SiloAddress);
        Assert.Equal(SiloStatus.Active, second.Members[0].Item1.Status);
        Assert.Equal(2, second.Version.Version);
        Assert.NotEqual(oldEtag, second.Members[0].Item2);
        Assert.False(await _table.UpdateRow(silo, oldEtag, second.Version.Next()));
    }

    [SkippableFact]
    public async Task An_update_leaves_the_etags_of_other_rows()
    {
        var (one, two) = (Silo(), Silo());
        await Insert(one);
        await Insert(two);
        var before = await _table.ReadAll();

        Assert.True(await _table.UpdateRow(one, before.TryGet(one.SiloAddress)!.Item2, before.Version.Next()));

        Assert.Equal(before.TryGet(two.SiloAddress)!.Item2, (await _table.ReadAll()).TryGet(two.SiloAddress)!.Item2);
    }

    [SkippableFact]
    public async Task Of_inserts_at_once_one_succeeds_and_each_update_makes_one_version()
    {
        var silo = Silo();
        var version = (await _table.ReadAll()).Version.Next();
        var inserted = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => _table.InsertRow(silo, version)))).WaitAsync(Patience);
        Assert.Single(inserted, ok => ok);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var data = await _table.ReadAll();
                var (entry, etag) = data.TryGet(silo.SiloAddress)!;
                if (await _table.UpdateRow(entry, etag, data.Version.Next()))
                {
                    return;
                }
            }
        }))).WaitAsync(Patience);

        Assert.Equal(11, (await _table.ReadAll()).Version.Version);
    }

    [SkippableFact]
    public async Task A_heartbeat_changes_the_time_and_nothing_else()
    {
        var (silo, other) = (Silo(), Silo());
        await Insert(silo);
        await Insert(other);
        var before = await _table.ReadAll();

        foreach (var minutes in new[] { 5, 6, 7 })
        {
            await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = silo.SiloAddress, IAmAliveTime = Start.AddMinutes(minutes) });
            Assert.Equal(Start.AddMinutes(minutes), (await _table.ReadRow(silo.SiloAddress)).Members[0].Item1.IAmAliveTime);
        }

        var after = await _table.ReadAll();
        Assert.Equal(Start.AddMinutes(7), after.TryGet(silo.SiloAddress)!.Item1.IAmAliveTime);
        Assert.Equal(Start, after.TryGet(other.SiloAddress)!.Item1.IAmAliveTime);
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(before.TryGet(silo.SiloAddress)!.Item2, after.TryGet(silo.SiloAddress)!.Item2);
        silo.Status = SiloStatus.Active; // what was read before the heartbeats is still accepted
        Assert.True(await _table.UpdateRow(silo, before.TryGet(silo.SiloAddress)!.Item2, before.Version.Next()));
        Assert.Equal(Start.AddMinutes(7), (await _table.ReadRow(silo.SiloAddress)).Members[0].Item1.IAmAliveTime);
    }

    [SkippableFact]
    public async Task A_heartbeat_is_accepted_from_whatever_process_it_comes()
    {
        var silo = Silo();
        await Insert(silo);
        var other = TableOf("cluster");

        foreach (var (table, minutes) in new[] { (_table, 1), (other, 2), (_table, 3), (other, 4) })
        {
            await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = silo.SiloAddress, IAmAliveTime = Start.AddMinutes(minutes) });
        }

        Assert.Equal(Start.AddMinutes(4), (await _table.ReadAll()).Members[0].Item1.IAmAliveTime);
    }

    [SkippableFact]
    public async Task A_heartbeat_without_a_row_makes_none()
    {
        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Silo().SiloAddress, IAmAliveTime = Start });

        Assert.Empty((await _table.ReadAll()).Members);
    }

    [SkippableFact]
    public async Task Cleaning_up_removes_the_dead_of_which_nothing_was_heard_since()
    {
        var (dead, alive, voted, beating, recent) = (Silo(SiloStatus.Dead), Silo(SiloStatus.Active), Silo(SiloStatus.Dead), Silo(SiloStatus.Dead), Silo(SiloStatus.Dead));
        voted.SuspectTimes = [Tuple.Create(alive.SiloAddress, Start.AddHours(2))];
        recent.StartTime = Start.AddHours(2);
        foreach (var silo in new[] { dead, alive, voted, beating, recent })
        {
            await Insert(silo);
        }

        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = beating.SiloAddress, IAmAliveTime = Start.AddHours(2) });
        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = dead.SiloAddress, IAmAliveTime = Start.AddMinutes(1) });
        var version = (await _table.ReadAll()).Version.Version;

        await _table.CleanupDefunctSiloEntries(new DateTimeOffset(Start.AddHours(1)));

        var left = (await _table.ReadAll()).Members.Select(m => m.Item1.SiloAddress).ToHashSet();
        Assert.True(left.SetEquals([alive.SiloAddress, voted.SiloAddress, beating.SiloAddress, recent.SiloAddress]));
        Assert.Equal(version, (await _table.ReadAll()).Version.Version);
    }

    [SkippableFact]
    public async Task Clusters_are_apart_and_can_be_deleted()
    {
        var other = TableOf("other cluster / with ünusual characters");
        await other.InitializeMembershipTable(tryInitTableVersion: true);
        var silo = Silo();
        await Insert(silo);
        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = silo.SiloAddress, IAmAliveTime = Start.AddHours(1) });
        Assert.True(await other.InsertRow(silo, (await other.ReadAll()).Version.Next()));
        Assert.Equal(Start, (await other.ReadAll()).Members[0].Item1.IAmAliveTime);

        await _table.DeleteMembershipTableEntries("other cluster / with ünusual characters");
        Assert.Empty((await other.ReadAll()).Members);
        Assert.Single((await _table.ReadAll()).Members);

        await _table.DeleteMembershipTableEntries("cluster");
        Assert.Empty((await _table.ReadAll()).Members);
        await Insert(silo);
        Assert.Equal(Start, (await _table.ReadAll()).Members[0].Item1.IAmAliveTime);
    }

    [SkippableFact]
    public async Task Gateways_are_the_active_silos_that_have_one()
    {
        var gateways = new DocumentGatewayListProvider(_table, Options.Create(new GatewayOptions { GatewayListRefreshPeriod = TimeSpan.FromSeconds(7) }));
        await gateways.InitializeGatewayListProvider();
        var silos = Enum.GetValues<SiloStatus>().Select(Silo).Append(Silo(SiloStatus.Active)).ToArray();
        silos[^1].ProxyPort = 0;
        foreach (var silo in silos)
        {
            await Insert(silo);
        }

        var gateway = Assert.Single(await gateways.GetGateways());

        var active = silos.First(s => s.Status == SiloStatus.Active).SiloAddress;
        Assert.Equal($"gwy.tcp://127.0.0.1:30000/{active.Generation}", gateway.ToString());
        Assert.Equal(TimeSpan.FromSeconds(7), gateways.MaxStaleness);
    }

    private async Task Insert(MembershipEntry silo) => Assert.True(await _table.InsertRow(silo, (await _table.ReadAll()).Version.Next()));

    private MembershipEntry Silo(SiloStatus status = SiloStatus.Joining) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, ++_lastPort, 123_456),
        Status = status,
        ProxyPort = 30_000,
        HostName = "host",
        SiloName = "silo",
        StartTime = Start,
        IAmAliveTime = Start,
    };

    private DocumentMembershipTable TableOf(string cluster) => new(_store, Options.Create(new ClusterOptions { ServiceId = "service", ClusterId = cluster }));
}

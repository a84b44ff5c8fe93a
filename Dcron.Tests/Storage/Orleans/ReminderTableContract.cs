using System.Globalization;
using Dcron.Storage.Documents;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Dcron.Tests.Storage.Orleans;

/// <summary>What Orleans asks of a reminder table, on any document store.</summary>
public abstract class ReminderTableContract : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private IDocumentStore _store = null!;
    private IReminderTable _table = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        _store = await OpenAsync();
        _table = TableOf("service");
        await _table.StartAsync();
    }

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableTheory]
    [InlineData("leader")]
    [InlineData("foo/bar\\#b_a_z? ünï\n\"")]
    public async Task What_is_written_is_read_back(string name)
    {
        var written = Reminder(Grain("some/ kéy"), name);

        var etag = await _table.UpsertRow(written);

        var read = await _table.ReadRow(written.GrainId, name);
        Assert.Equal((written.GrainId, name, written.StartAt, written.Period, etag), (read!.GrainId, read.ReminderName, read.StartAt, read.Period, read.ETag));
        Assert.Equal(DateTimeKind.Utc, read.StartAt.Kind);
        Assert.NotNull(etag);
    }

    [SkippableFact]
    public async Task A_missing_reminder_is_null()
    {
        await _table.UpsertRow(Reminder(Grain("a"), "x"));

        Assert.Null(await _table.ReadRow(Grain("a"), "y"));
        Assert.Null(await _table.ReadRow(Grain("b"), "x"));
    }

    [SkippableFact]
    public async Task An_upsert_replaces_and_answers_a_new_etag_whatever_etag_it_bears()
    {
        var reminder = Reminder(Grain("a"), "x");
        var first = await _table.UpsertRow(reminder);
        reminder.Period = TimeSpan.FromHours(5);
        reminder.ETag = "stale";

        var second = await _table.UpsertRow(reminder);

        Assert.NotEqual(first, second);
        var read = Assert.Single((await _table.ReadRows(Grain("a"))).Reminders);
        Assert.Equal((TimeSpan.FromHours(5), second), (read.Period, read.ETag));
    }

    [SkippableFact]
    public async Task Upserts_of_one_reminder_at_once_all_succeed_with_different_etags()
    {
        var etags = await Task.WhenAll(Enumerable.Range(1, 8).Select(n => Task.Run(() =>
        {
            var reminder = Reminder(Grain("a"), "x");
            reminder.Period = TimeSpan.FromMinutes(n);
            return _table.UpsertRow(reminder);
        }))).WaitAsync(Patience);

        Assert.Equal(8, etags.Distinct().Count());
        Assert.Single((await _table.ReadRows(Grain("a"))).Reminders);
    }

    [SkippableFact]
    public async Task A_reminder_is_removed_by_its_etag_only()
    {
        var old = await _table.UpsertRow(Reminder(Grain("a"), "x"));
        var current = await _table.UpsertRow(Reminder(Grain("a"), "x"));

        Assert.False(await _table.RemoveRow(Grain("a"), "x", old!));
        Assert.False(await _table.RemoveRow(Grain("a"), "y", current!));
        Assert.True(await _table.RemoveRow(Grain("a"), "x", current!));
        Assert.False(await _table.RemoveRow(Grain("a"), "x", current!));
        Assert.Null(await _table.ReadRow(Grain("a"), "x"));
    }

    [SkippableFact]
    public async Task The_reminders_of_a_grain_are_those_and_no_others()
    {
        foreach (var (grain, name) in new[] { ("a", "x"), ("a", "y"), ("b", "x") })
        {
            await _table.UpsertRow(Reminder(Grain(grain), name));
        }

        Assert.Equal(["x", "y"], (await _table.ReadRows(Grain("a"))).Reminders.Select(r => r.ReminderName).Order());
        Assert.Empty((await _table.ReadRows(Grain("c"))).Reminders);
    }

    [SkippableFact]
    public async Task A_range_excludes_its_begin_includes_its_end_and_wraps()
    {
        var grains = Enumerable.Range(0, 200).Select(n => Grain(string.Create(CultureInfo.InvariantCulture, $"g{n}"))).ToArray();
        await Task.WhenAll(grains.Select(g => _table.UpsertRow(Reminder(g, "x")))).WaitAsync(Patience);
        uint[] hashes = [.. grains.Select(g => g.GetUniformHashCode()).Order()];

        await Answers(hashes[10], hashes[20], hashes[11..21]);
        await Answers(hashes[10] - 1, hashes[20], hashes[10..21]);
        await Answers(hashes[20], hashes[10], [.. hashes[..11], .. hashes[21..]]);
        await Answers(hashes[20], hashes[20], hashes);
        await Answers(0, 0, hashes);
        await Answers(0, uint.MaxValue, hashes);
        await Answers(uint.MaxValue, uint.MaxValue, hashes);
        await Answers(uint.MaxValue, hashes[3], hashes[..4]);
        await Answers(hashes[^1], 0, []);

        async Task Answers(uint begin, uint end, uint[] expected)
        {
            var rows = (await _table.ReadRows(begin, end)).Reminders;
            Assert.Equal(expected, rows.Select(r => r.GrainId.GetUniformHashCode()).Order());
        }
    }

    [SkippableFact]
    public async Task More_rows_than_a_page_are_read()
    {
        await Task.WhenAll(Enumerable.Range(0, 1500).Select(n => _table.UpsertRow(Reminder(Grain(string.Create(CultureInfo.InvariantCulture, $"g{n}")), "x")))).WaitAsync(Patience);

        Assert.Equal(1500, (await _table.ReadRows(0, 0)).Reminders.Select(r => r.GrainId).Distinct().Count());
    }

    [SkippableFact]
    public async Task Services_do_not_see_each_others_reminders()
    {
        var other = TableOf("other");
        await other.StartAsync();
        await _table.UpsertRow(Reminder(Grain("a"), "x"));

        Assert.Null(await other.ReadRow(Grain("a"), "x"));
        Assert.Empty((await other.ReadRows(0, 0)).Reminders);
        await other.TestOnlyClearTable();

        Assert.NotNull(await _table.ReadRow(Grain("a"), "x"));
        await _table.TestOnlyClearTable();
        Assert.Empty((await _table.ReadRows(0, 0)).Reminders);
    }

    private static GrainId Grain(string key) => GrainId.Create("test", key);

    private static ReminderEntry Reminder(GrainId grain, string name) => new()
    {
        GrainId = grain,
        ReminderName = name,
        StartAt = new DateTime(2026, 3, 29, 1, 0, 0, 123, DateTimeKind.Utc),
        Period = TimeSpan.FromMinutes(1),
    };

    private DocumentReminderTable TableOf(string service) => new(_store, Options.Create(new ClusterOptions { ServiceId = service, ClusterId = "cluster" }));
}

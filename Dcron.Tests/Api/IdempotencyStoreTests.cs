using Dcron.Api.Idempotency;
using Dcron.Storage.Documents.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Api;

public sealed class IdempotencyStoreTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 31, 23, 59, 0, TimeSpan.Zero));
    private SqliteDocumentStore _sqlite = null!;
    private IdempotencyStore _store = null!;

    public Task InitializeAsync()
    {
        _sqlite = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(10));
        _store = new IdempotencyStore(_sqlite, _clock);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _sqlite.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_record_is_found_over_the_end_of_its_month_and_gone_two_months_later()
    {
        Assert.NotNull(await _store.CreateAsync("january", Record(), default));
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("idempotency-2026-01", (await _store.FindAsync("january", default))!.Collection);
        Assert.NotNull(await _store.CreateAsync("february", Record(), default));
        Assert.Equal(2, (await _sqlite.ListCollectionsAsync(IdempotencyStore.Prefix)).Count);

        _clock.Advance(TimeSpan.FromDays(28));
        Assert.Null(await _store.FindAsync("january", default));
        Assert.NotNull(await _store.CreateAsync("march", Record(), default));
        Assert.Equal(["idempotency-2026-02", "idempotency-2026-03"], await _sqlite.ListCollectionsAsync(IdempotencyStore.Prefix));
    }

    [Fact]
    public async Task Only_one_of_two_creates_and_of_two_replaces_wins()
    {
        var stored = await _store.CreateAsync("k", Record(), default);
        Assert.Null(await _store.CreateAsync("k", Record(), default));
        Assert.NotNull(await _store.ReplaceAsync("k", stored!, stored!.Record with { Answer = [1, 2, 3] }, default));
        Assert.Null(await _store.ReplaceAsync("k", stored, stored.Record, default));
        Assert.Equal([1, 2, 3], (await _store.FindAsync("k", default))!.Record.Answer!);
    }

    private IdempotencyRecord Record() => new() { Fingerprint = "f", ReservedId = "r", CreatedAt = _clock.GetUtcNow(), LeasedUntil = _clock.GetUtcNow() };
}

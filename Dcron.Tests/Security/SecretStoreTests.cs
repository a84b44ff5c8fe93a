using System.Text;
using System.Text.Json.Nodes;
using Dcron.Grains.Secrets;
using Dcron.Storage;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dcron.Tests.Security;

public sealed class SecretStoreTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private SqliteDocumentStore _documents = null!;

    public Task InitializeAsync()
    {
        _documents = new SqliteDocumentStore(_folder.Of("dcron.db"), TimeSpan.FromSeconds(10));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _documents.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_value_is_sealed_where_it_lies_and_opens_for_a_launch()
    {
        var store = Store();
        var first = Assert.IsType<SecretSetting.Stored>(await SetAsync(store, "payments", "db", "hunter2-hunter2"));
        Assert.Equal((1, true, "own"), (first.Secret.Version, first.IsNew, first.Secret.KeyId));
        var second = Assert.IsType<SecretSetting.Stored>(await SetAsync(store, "payments", "db", "another value"));
        Assert.Equal((2, false), (second.Secret.Version, second.IsNew));

        Assert.Equal("another value", await ValueAsync(store, "payments", "db"));
        Assert.IsType<SecretReading.Missing>((await store.OpenAsync("default", ["db"])).Single());
        var body = Encoding.UTF8.GetString((await _documents.GetAsync("secrets", "payments/db"))!.Body.Span);
        Assert.DoesNotContain("another value", body, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes("another value")), body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("payments/other", "name", "other")]
    [InlineData("default/db", "namespace", "default")]
    [InlineData("payments/db", "version", 7)]
    public async Task What_was_sealed_for_one_place_does_not_open_in_another(string id, string field, object value)
    {
        var store = Store();
        await SetAsync(store, "payments", "db", "hunter2-hunter2");
        var stored = (await _documents.GetAsync("secrets", "payments/db"))!;
        var moved = JsonNode.Parse(stored.Body.Span)!;
        moved[field] = value is int number ? number : (string)value;
        DocumentWrite write = id == "payments/db"
            ? new DocumentWrite.Replace(id, stored.Revision, Encoding.UTF8.GetBytes(moved.ToJsonString()))
            : new DocumentWrite.Create(id, Encoding.UTF8.GetBytes(moved.ToJsonString()));
        await _documents.WriteAsync("secrets", write);

        var reading = (await store.OpenAsync(id.Split('/')[0], [id.Split('/')[1]])).Single();
        Assert.Contains("does not open it", Assert.IsType<SecretReading.Unreadable>(reading).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_changed_while_secrets_are_used()
    {
        var file = _folder.Of("ring");
        var (old, young) = (SecretKey.NewText("old"), SecretKey.NewText("young"));
        var time = DateTime.UnixEpoch;
        void Write(params string[] lines)
        {
            File.WriteAllLines(file, lines);
            File.SetLastWriteTimeUtc(file, time = time.AddSeconds(1));
        }

        Write(old);
        var store = Store(keyFile: file);
        await SetAsync(store, "default", "one", "first value");
        await SetAsync(store, "default", "two", "second value");

        Write(old, young); // on every node
        Assert.Equal("first value", await ValueAsync(store, "default", "one"));
        Write(young, old); // then this
        Assert.Equal("young", Assert.IsType<SecretSetting.Stored>(await SetAsync(store, "default", "two", "third value")).Secret.KeyId);
        Assert.Equal("first value", await ValueAsync(store, "default", "one"));

        Assert.Equal((1, 0), (await store.ResealAsync(default)) is var (resealed, unreadable) ? (resealed, unreadable.Count) : default);
        Assert.Equal(0, (await store.ResealAsync(default)).Resealed);
        Write(young); // and the old key is gone
        Assert.Equal("first value", await ValueAsync(store, "default", "one"));
        Assert.Equal("third value", await ValueAsync(store, "default", "two"));
        Assert.All(await store.ListAsync(null, default), secret => Assert.Equal("young", secret.KeyId));
    }

    [Fact]
    public async Task A_key_that_was_taken_away_too_early_is_named()
    {
        await SetAsync(Store(keys: [SecretKey.NewText("2025")]), "default", "db", "some value");
        var later = Store(keys: [SecretKey.NewText("2026")]);
        var reading = Assert.IsType<SecretReading.Unreadable>((await later.OpenAsync("default", ["db"])).Single());
        Assert.Contains("'2025'", reading.Reason, StringComparison.Ordinal);
        Assert.Equal(["default/db"], (await later.ResealAsync(default)).Unreadable);
    }

    [Fact]
    public async Task The_key_of_an_embedded_store_is_for_its_owner_alone_and_made_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => SetAsync(Store(), "default", $"s{i}", $"value {i}")));
        var file = _folder.Of("secrets.key");
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Single(Directory.GetFiles(_folder.Path, "secrets.key*"));
        for (var i = 0; i < 8; i++)
            Assert.Equal($"value {i}", await ValueAsync(Store(), "default", $"s{i}"));
    }

    [Fact]
    public async Task Where_the_documents_are_on_a_server_no_node_makes_a_key_of_its_own()
    {
        var none = Assert.IsType<SecretSetting.NoKey>(await SetAsync(Store(provider: "CouchDb"), "default", "db", "some value"));
        Assert.Contains("Dcron:Secrets:KeyFile", none.Reason, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path, "secrets.key*"));
    }

    [Theory]
    [InlineData("no colon")]
    [InlineData("id:")]
    [InlineData("id:c2hvcnQ=")]
    [InlineData("an id:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void A_key_that_is_none_is_refused_without_being_repeated(string text)
    {
        var result = new SecretsOptionsValidator().Validate(null, OptionsOf([text], null));
        Assert.Contains("Dcron:Secrets:Keys:0 must be id:key", result.FailureMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("c2hvcnQ", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_that_is_not_there_is_told_at_the_start() =>
        Assert.Contains("Dcron:Secrets:KeyFile", new SecretsOptionsValidator().Validate(null, OptionsOf([], _folder.Of("none"))).FailureMessage, StringComparison.Ordinal);

    private static SecretsOptions OptionsOf(string[] keys, string? file)
    {
        var options = new SecretsOptions { KeyFile = file };
        foreach (var key in keys)
            options.Keys.Add(key);
        return options;
    }

    private SecretStore Store(string[]? keys = null, string? keyFile = null, string provider = "Sqlite") => new(
        _documents,
        new SecretKeyRing(
            Options.Create(OptionsOf(keys ?? [], keyFile)),
            Options.Create(new DcronStorageOptions { DataPath = _folder.Path, Documents = new() { Provider = provider } }),
            NullLogger<SecretKeyRing>.Instance),
        TimeProvider.System);

    private static async Task<SecretSetting> SetAsync(SecretStore store, string inNamespace, string name, string value) =>
        await store.SetAsync(inNamespace, name, Encoding.UTF8.GetBytes(value), "a test", default);

    private static async Task<string> ValueAsync(SecretStore store, string inNamespace, string name) =>
        Encoding.UTF8.GetString(Assert.IsType<SecretReading.Opened>((await store.OpenAsync(inNamespace, [name])).Single()).Value);
}

using Dcron.Storage.Objects;
using Dcron.Storage.Objects.S3;

namespace Dcron.Tests.Storage.Objects.S3;

public sealed class CephContractTests : S3ContractTests
{
    private protected override Task<ObjectServer> ServerAsync() => ObjectServer.CephAsync();
}

public sealed class SwiftContractTests : S3ContractTests
{
    // An object server unlinks the old file after it has put the new one in place; who has looked up the old one in between and opens it
    // then is told 404. With one copy, as here, nobody else is asked.
    protected override bool MayVanishWhileItIsReplaced => true;

    private protected override Task<ObjectServer> ServerAsync() => ObjectServer.SwiftAsync();
}

/// <summary>What is particular to S3 stores, beyond the contract.</summary>
public abstract class S3ContractTests : ObjectStoreContract
{
    private S3Options _options = null!;
    private S3ObjectStore? _store;

    private protected abstract Task<ObjectServer> ServerAsync();

    protected override async ValueTask<IObjectStore> OpenAsync()
    {
        _options = (await ServerAsync()).Options();
        return _store = new S3ObjectStore(_options, TimeProvider.System);
    }

    protected override ValueTask CloseAsync()
    {
        _store?.Dispose();
        return ValueTask.CompletedTask;
    }

    [SkippableFact]
    public async Task More_than_a_page_of_keys_is_listed()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 1005), async (n, _) => await Put($"many/{n:D4}", ""));

        var keys = new List<string>();
        await foreach (var stat in Store.ListAsync(Store.DefaultBucket, "many/"))
        {
            keys.Add(stat.Location.Key);
        }

        Assert.Equal(Enumerable.Range(0, 1005).Select(n => $"many/{n:D4}"), keys);
    }

    [SkippableFact]
    public async Task Links_let_anybody_read_and_write_until_they_expire()
    {
        using var client = new HttpClient();
        var key = "with space/ünï/%2B+&?#'\"!*()~.log";
        var put = await Store.PresignAsync(At(key), PresignedVerb.Put, TimeSpan.FromMinutes(1));
        using (var body = new StringContent("by link"))
        using (var answer = await client.PutAsync(put, body))
        {
            answer.EnsureSuccessStatusCode();
        }

        Assert.Equal("by link", await Read(key));
        var get = await Store.PresignAsync(At(key), PresignedVerb.Get, TimeSpan.FromMinutes(1));
        Assert.Equal("by link", await client.GetStringAsync(get));

        using (var other = new StringContent("with a link to read"))
        using (var refused = await client.PutAsync(get, other))
        {
            Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var late = new S3ObjectStore(_options, new ShiftedTime(-TimeSpan.FromMinutes(10)));
        using var expired = await client.GetAsync(await late.PresignAsync(At(key), PresignedVerb.Get, TimeSpan.FromMinutes(9)));
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, expired.StatusCode);
    }

    [SkippableFact]
    public async Task Buckets_can_be_named_before_the_host()
    {
        using var store = HostStyle();
        await store.EnsureReadyAsync();
        var location = ObjectLocation.Of(store.DefaultBucket, "a b/ü+%41");
        await store.PutAsync(location, "content"u8.ToArray(), "text/plain");

        await foreach (var stat in store.ListAsync(store.DefaultBucket, "a b/ü"))
        {
            Assert.Equal(location, stat.Location);
        }

        await using (var content = await store.OpenAsync(location, new ByteRange(3, 2)))
        {
            Assert.Equal("te", await new StreamReader(content!.Stream).ReadToEndAsync());
        }

        Assert.Equal(7, (await Store.StatAsync(ObjectLocation.Of(store.DefaultBucket, "a b/ü+%41")))!.Size); // the same object, by its path
        Assert.Equal($"{store.DefaultBucket}.s3.test", (await store.PresignAsync(location, PresignedVerb.Get, TimeSpan.FromMinutes(1)))!.Host);
        Assert.True(await store.DeleteAsync(location));
    }

    [SkippableFact]
    public async Task A_missing_bucket_is_told_when_something_is_put_there_and_when_somebody_asks()
    {
        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(
            async () => await Store.PutAsync(ObjectLocation.Of(ObjectServer.NewBucket(), "x"), new byte[1], "text/plain"));

        Assert.Contains("has no bucket", error.Message, StringComparison.Ordinal);
        _options.Bucket = ObjectServer.NewBucket();
        using var store = new S3ObjectStore(_options, TimeProvider.System);
        Assert.Contains("has no bucket", (await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await store.PingAsync())).Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("nobody:here", null)]
    [InlineData(null, "another-secret-0123456789")]
    public async Task Wrong_credentials_are_told_in_one_sentence_without_them(string? accessKey, string? secretKey)
    {
        var options = (await ServerAsync()).Options();
        (options.AccessKey, options.SecretKey) = (accessKey ?? options.AccessKey, secretKey ?? options.SecretKey);
        using var store = new S3ObjectStore(options, TimeProvider.System);

        foreach (var call in Calls(store))
        {
            var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(call);
            Assert.Contains("Dcron:Objects:S3:", error.Message, StringComparison.Ordinal);
            Assert.Matches("AccessKey|SecretKey", error.Message);
            AssertSecret(options, error);
        }
    }

    // These servers take signed URLs of the future; AWS does not.
    [SkippableFact]
    public async Task A_clock_that_is_behind_is_told()
    {
        var options = (await ServerAsync()).Options();
        using var store = new S3ObjectStore(options, new ShiftedTime(-TimeSpan.FromMinutes(60)));

        foreach (var call in Calls(store).Skip(1)) // Minio asks the system's clock, which is right
        {
            var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(call);
            const string told = "the clocks differ by 60 minutes (this machine is behind)";
            Assert.True(error.Message.Contains(told, StringComparison.Ordinal), error.Message);
        }
    }

    [SkippableFact]
    public async Task Eight_nodes_can_make_the_same_bucket_at_once()
    {
        var options = (await ServerAsync()).Options();
        var stores = Enumerable.Range(0, 8).Select(_ => new S3ObjectStore(options, TimeProvider.System)).ToList();

        await Task.WhenAll(stores.Select(store => store.EnsureReadyAsync().AsTask()));

        stores.ForEach(store => store.Dispose());
    }

    private static IEnumerable<Func<Task>> Calls(S3ObjectStore store)
    {
        var location = ObjectLocation.Of(store.DefaultBucket, "x");
        yield return async () => await store.EnsureReadyAsync();
        yield return async () => await store.PingAsync();
        yield return async () => await store.PutAsync(location, new byte[1], "text/plain");
        yield return async () => await store.OpenAsync(location);
        yield return async () => await store.StatAsync(location);
        yield return async () => await store.DeleteAsync(location);
    }

    private static void AssertSecret(S3Options options, Exception error)
    {
        Assert.DoesNotContain(options.SecretKey, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(options.AccessKey, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("X-Amz", error.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    // No name server knows s3.test: connections go to where the server is.
    private S3ObjectStore HostStyle()
    {
        var server = new Uri(_options.Endpoint);
        var options = new S3Options
        {
            Endpoint = $"http://s3.test:{server.Port}", Bucket = ObjectServer.NewBucket(), AccessKey = _options.AccessKey, SecretKey = _options.SecretKey, PathStyle = false,
        };
        return new S3ObjectStore(options, TimeProvider.System, async (_, cancellation) =>
        {
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(server.Host, server.Port, cancellation);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        });
    }

    private sealed class ShiftedTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}

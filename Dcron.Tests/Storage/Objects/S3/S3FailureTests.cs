using System.Security.Cryptography;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.S3;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Storage.Objects.S3;

/// <summary>A real Ceph behind a proxy that misbehaves.</summary>
public sealed class S3FailureTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private FaultyProxy? _proxy;
    private S3ObjectStore? _store;
    private S3ObjectStore? _impatient;
    private S3ObjectStore? _direct;

    private FaultyProxy Proxy => _proxy!;

    /// <summary>Through the proxy, with all the time that a loaded machine needs.</summary>
    private S3ObjectStore Store => _store!;

    /// <summary>Through the proxy, for what stands still for ever.</summary>
    private S3ObjectStore Impatient => _impatient!;

    public async Task InitializeAsync()
    {
        var server = await ObjectServer.CephAsync();
        _proxy = new FaultyProxy(server.Endpoint);
        var options = server.Options(_proxy.Endpoint);
        _store = new S3ObjectStore(options, TimeProvider.System);
        options.TimeoutSeconds = 2;
        _impatient = new S3ObjectStore(options, TimeProvider.System);
        (options.Endpoint, options.TimeoutSeconds) = (server.Endpoint.AbsoluteUri, 60);
        _direct = new S3ObjectStore(options, TimeProvider.System);
        await _direct.EnsureReadyAsync();
    }

    public async Task DisposeAsync()
    {
        _folder.Dispose();
        _store?.Dispose();
        _impatient?.Dispose();
        _direct?.Dispose();
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task A_store_that_refuses_connections_is_told_and_got_over()
    {
        await Store.EnsureReadyAsync();
        await Proxy.CloseAsync();

        foreach (var call in Calls(Store))
        {
            var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(call);
            Assert.StartsWith($"The object store at {Proxy.Endpoint.GetLeftPart(UriPartial.Authority)} can't be reached: Connection refused", error.Message, StringComparison.Ordinal);
            Assert.Contains("Dcron:Objects:S3:Endpoint", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("X-Amz", error.ToString(), StringComparison.OrdinalIgnoreCase);
        }

        Proxy.Open();
        foreach (var call in Calls(Store))
        {
            await call();
        }
    }

    [SkippableFact]
    public async Task A_store_that_is_silent_is_told_after_the_timeout()
    {
        Proxy.StallRequestsAfter = 0;

        foreach (var call in Calls(Impatient))
        {
            var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(call).WaitAsync(Patience);
            Assert.Contains("neither answered nor moved a byte within 2 s", error.Message, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upload_that_is_cut_or_stands_still_leaves_the_old_object_and_can_be_repeated(bool stalls)
    {
        var path = await FileAsync(64_000_000);
        await _direct!.PutAsync(At("x"), "old"u8.ToArray(), "text/plain");
        (Proxy.CutRequestsAfter, Proxy.StallRequestsAfter) = (stalls ? null : 2_000_000, stalls ? 2_000_000 : null);

        IObjectStore port = stalls ? Impatient : Store;
        await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await port.TakeFileAsync(At("x"), path, "text/plain")).WaitAsync(Patience);
        Assert.Equal(3, (await _direct.StatAsync(At("x")))!.Size);
        Assert.True(File.Exists(path));

        (Proxy.CutRequestsAfter, Proxy.StallRequestsAfter) = (null, null);
        var hash = Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(path)));
        await ((IObjectStore)Store).TakeFileAsync(At("x"), path, "text/plain");
        Assert.False(File.Exists(path));
        await using var content = await _direct.OpenAsync(At("x"));
        Assert.Equal(hash, Convert.ToHexString(await SHA256.HashDataAsync(content!.Stream)));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_download_that_is_cut_or_stands_still_is_told_and_never_taken_for_the_whole(bool stalls)
    {
        await _direct!.PutFileAsync(At("x"), await FileAsync(3_000_000), "text/plain");
        (Proxy.CutAnswersAfter, Proxy.StallAnswersAfter) = (stalls ? null : 1_000_000, stalls ? 1_000_000 : null);

        await using var content = await (stalls ? Impatient : Store).OpenAsync(At("x"));
        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await content!.Stream.CopyToAsync(Stream.Null)).WaitAsync(Patience);

        Assert.Contains(stalls ? "neither answered nor moved a byte" : "the connection broke", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_reader_may_take_its_time()
    {
        await _direct!.PutFileAsync(At("x"), await FileAsync(400_000), "text/plain");
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var options = (await ObjectServer.CephAsync()).Options();
        using var store = new S3ObjectStore(options, time);
        await using var content = await store.OpenAsync(At("x"));
        var buffer = new byte[100_000];
        for (var piece = 0; piece < 4; piece++)
        {
            await content!.Stream.ReadExactlyAsync(buffer);
            time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(0, await content!.Stream.ReadAsync(buffer));
    }

    [SkippableTheory]
    [InlineData("503 Slow Down", true)]
    [InlineData("500 Internal Server Error", false)]
    [InlineData("502 Bad Gateway", false)]
    public async Task What_passes_is_tried_again_where_that_is_safe(string status, bool putIsRepeated)
    {
        var answer = $"HTTP/1.1 {status}\nContent-Length: 0\nConnection: close\n\n";
        await _direct!.PutAsync(At("x"), new byte[1], "text/plain");

        await AnswerAsync(2, answer);
        Assert.Equal(1, (await Store.StatAsync(At("x")))!.Size);
        await AnswerAsync(2, answer);
        await using (await Store.OpenAsync(At("x")))
        {
            Assert.Equal(0, Proxy.Canned?.Times);
        }

        await AnswerAsync(2, answer);
        if (putIsRepeated)
        {
            await Store.PutAsync(At("x"), new byte[2], "text/plain");
            return;
        }

        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await Store.PutAsync(At("x"), new byte[2], "text/plain"));
        Assert.Contains("in trouble", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, Proxy.Canned?.Times);
    }

    [SkippableFact]
    public async Task What_goes_on_failing_is_told_also_by_the_calls_that_Minio_makes()
    {
        Proxy.Canned = (100, "HTTP/1.1 503 Service Unavailable\nContent-Length: 0\nConnection: close\n\n");
        foreach (var call in Calls(Store))
        {
            var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(call);
            Assert.Contains("in trouble", error.Message, StringComparison.Ordinal);
        }

        Proxy.Canned = (100, "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 13\nConnection: close\n\n<html></html>");
        var malformed = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await Store.StatAsync(At("x")));
        Assert.Contains("answered what no S3 store answers", malformed.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("301 Moved Permanently", "PermanentRedirect", "set Dcron:Objects:S3:Region to eu-west-3")]
    [InlineData("403 Forbidden", "RequestTimeTooSkewed", "set this machine's clock right")]
    [InlineData("403 Forbidden", "InvalidAccessKeyId", "Dcron:Objects:S3:AccessKey")]
    [InlineData("403 Forbidden", "SignatureDoesNotMatch", "SecretKey")]
    [InlineData("403 Forbidden", "AccessDenied", "may list, read, write and delete")]
    [InlineData("400 Bad Request", "", "set Dcron:Objects:S3:Region to eu-west-3")]
    [InlineData("418 Teapot", "Inv&#10;alid", "did not take the request; see that Dcron:Objects:S3:Endpoint is its S3 address (status 418).")]
    [InlineData("507 Insufficient Storage", "", "free some space")]
    [InlineData("409 Conflict", "BucketAlreadyExists", "choose another name")]
    [InlineData("404 Not Found", "NoSuchBucket", "create it, or restart the node, which does that where its key may")]
    public async Task Each_refusal_says_what_to_do(string status, string code, string told)
    {
        var body = code.Length == 0 ? "" : $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>x</Message></Error>";
        Proxy.Canned = (1, $"HTTP/1.1 {status}\nContent-Type: application/xml\nx-amz-bucket-region: eu-west-3\nContent-Length: {body.Length}\nConnection: close\n\n{body}");

        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await Store.PutAsync(At("x"), new byte[1], "text/plain"));

        Assert.Contains(told, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [SkippableFact]
    public async Task Cancelling_is_no_outage()
    {
        Proxy.StallRequestsAfter = 0;
        using var cancel = new CancellationTokenSource();
        var pending = Store.StatAsync(At("x"), cancel.Token).AsTask();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending).WaitAsync(Patience);
    }

    private IEnumerable<Func<Task>> Calls(S3ObjectStore store)
    {
        yield return async () => await store.EnsureReadyAsync();
        yield return async () => await store.PingAsync();
        yield return async () => await store.PutAsync(At("calls"), new byte[1], "text/plain");
        yield return async () => await store.StatAsync(At("calls"));
        yield return async () => await (await store.OpenAsync(At("calls")))!.DisposeAsync();
        yield return async () => await store.ListAsync(store.DefaultBucket, "").GetAsyncEnumerator().MoveNextAsync();
        yield return async () => await store.DeleteAsync(At("calls"));
    }

    // Also where a connection was open already.
    private async Task AnswerAsync(int times, string answer)
    {
        await Proxy.CloseAsync();
        Proxy.Canned = (times, answer);
        Proxy.Open();
    }

    private ObjectLocation At(string key) => ObjectLocation.Of(Store.DefaultBucket, key);

    private async Task<string> FileAsync(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        await File.WriteAllBytesAsync(_folder.Of("file"), bytes);
        return _folder.Of("file");
    }
}

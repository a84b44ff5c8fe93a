using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Dcron.Storage.Objects.S3;

/// <summary>Objects on a server that speaks S3. Objects' bytes go over plain HTTP and signed URLs, one request each; buckets are Minio's matter.</summary>
/// <remarks>A PUT carries at most 5 GiB. Times are whole seconds. A deletion that races with another may answer true twice.</remarks>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private const long MaxPut = 5L * 1024 * 1024 * 1024;

    // From here on it is worth asking first whether the store will take the body.
    private const long AskFirstFrom = 1024 * 1024;

    // As long as servers let clocks differ.
    private static readonly TimeSpan RequestLifetime = TimeSpan.FromMinutes(15);

    private static readonly byte[] Probe = "dcron was here"u8.ToArray();

    private readonly Uri _publicEndpoint;
    private readonly TimeProvider _time;
    private readonly S3Signer _signer;
    private readonly S3Http _http;
    private readonly S3Buckets _buckets;

    /// <param name="options">Valid ones.</param>
    /// <param name="time">For signatures and time-outs.</param>
    /// <param name="connect">How a connection is made; null for the usual way.</param>
    public S3ObjectStore(S3Options options, TimeProvider time, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null)
    {
        DefaultBucket = options.Bucket;
        var endpoint = new Uri(options.Endpoint);
        _publicEndpoint = options.PublicEndpoint is null ? endpoint : new Uri(options.PublicEndpoint);
        _time = time;
        _signer = new S3Signer(options.AccessKey, options.SecretKey, options.Region, options.PathStyle, time);
        _http = new S3Http(endpoint, TimeSpan.FromSeconds(options.TimeoutSeconds), time, connect);
        _buckets = new S3Buckets(options, _http, _signer);
    }

    public string DefaultBucket { get; }

    /// <summary>Creates or checks the bucket, and writes and deletes a small object: better to hear of missing rights now than when the first log is ready.</summary>
    public async ValueTask EnsureReadyAsync(CancellationToken cancellationToken = default)
    {
        await _buckets.EnsureAsync(DefaultBucket, cancellationToken).ConfigureAwait(false);
        var probe = ObjectLocation.Of(DefaultBucket, ".dcron/probe");
        await PutAsync(probe, Probe, "text/plain", cancellationToken).ConfigureAwait(false);
        await RemoveAsync(probe, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask PingAsync(CancellationToken cancellationToken = default)
    {
        using var response = await _http.SendAsync(
            DefaultBucket, _ => new HttpRequestMessage(HttpMethod.Head, _signer.Sign(HttpMethod.Head, _http.Endpoint, DefaultBucket, "", [], RequestLifetime)), cancellationToken)
            .ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw S3Errors.Refused(_http.Endpoint, DefaultBucket, new S3Refusal(response.StatusCode, null, null, response.Headers.Date), _time.GetUtcNow());
        }
    }

    public async ValueTask PutAsync(ObjectLocation location, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellationToken = default)
    {
        Check(location);
        using var response = await _http.SendAsync(location.Bucket, stall => Put(location, PieceBody.Of(content, contentType, stall), content.Length), cancellationToken)
            .ConfigureAwait(false);
    }

    public async ValueTask PutFileAsync(ObjectLocation location, string path, string contentType, CancellationToken cancellationToken = default)
    {
        Check(location);

        // Whoever writes the file may still have it open. That it is missing is the caller's mistake, not this store's.
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous | FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        if (length > MaxPut)
        {
            throw new ObjectStoreUnavailableException(string.Create(
                CultureInfo.InvariantCulture, $"'{path}' has {length} bytes, and S3 takes at most {MaxPut} (5 GiB) at once; lower Dcron:Worker:LogLimitBytes."));
        }

        using var response = await _http.SendAsync(location.Bucket, stall => Put(location, PieceBody.Of(file, length, contentType, stall), length), cancellationToken)
            .ConfigureAwait(false);
    }

    public async ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange? range = null, CancellationToken cancellationToken = default)
    {
        Check(location);
        var (from, length) = range is { } part ? (part.From, part.Length) : (0, null);
        ArgumentOutOfRangeException.ThrowIfNegative(from, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(range));
        if (length == 0)
        {
            return await EmptyAsync(location, cancellationToken).ConfigureAwait(false); // HTTP has no range of no bytes
        }

        var isPart = from > 0 || length is not null;
        var response = await _http.SendAsync(location.Bucket, _ => Get(location, isPart ? RangeOf(from, length) : null), cancellationToken).ConfigureAwait(false);
        try
        {
            var answer = response;
            switch (response.StatusCode)
            {
                case HttpStatusCode.NotFound:
                    return null;
                case HttpStatusCode.RequestedRangeNotSatisfiable:
                    return await EmptyAsync(location, cancellationToken).ConfigureAwait(false);
                case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange is { HasLength: true, From: { } first } given && first == from:
                    response = null;
                    return await ContentAsync(answer, given.Length!.Value, cancellationToken).ConfigureAwait(false);

                // A range of an empty object is answered with the whole by some.
                case HttpStatusCode.OK when response.Content.Headers.ContentLength is { } size && (!isPart || size == 0 || (from == 0 && length >= size)):
                    response = null;
                    return await ContentAsync(answer, size, cancellationToken).ConfigureAwait(false);
                default:
                    throw S3Errors.Malformed(_http.Endpoint, $"status {(int)response.StatusCode} without the size or range that was asked for");
            }
        }
        finally
        {
            response?.Dispose();
        }
    }

    public async ValueTask<ObjectStat?> StatAsync(ObjectLocation location, CancellationToken cancellationToken = default)
    {
        Check(location);
        using var response = await _http.SendAsync(location.Bucket, _ => Request(HttpMethod.Head, location), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        var headers = response.Content.Headers;
        return headers is { ContentLength: { } size, LastModified: { } modifiedAt }
            ? new ObjectStat(location, size, modifiedAt, TagOf(response))
            : throw S3Errors.Malformed(_http.Endpoint, "a HEAD without Content-Length and Last-Modified");
    }

    public IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ObjectLocation.Of(bucket, "any"); // refuses what is no bucket
        return _buckets.ListAsync(bucket, prefix, cancellationToken);
    }

    public async ValueTask<bool> DeleteAsync(ObjectLocation location, CancellationToken cancellationToken = default)
    {
        if (await StatAsync(location, cancellationToken).ConfigureAwait(false) is null)
        {
            return false; // S3 does not tell
        }

        await RemoveAsync(location, cancellationToken).ConfigureAwait(false);
        return true;
    }

    public ValueTask<Uri?> PresignAsync(ObjectLocation location, PresignedVerb verb, TimeSpan lifetime, CancellationToken cancellationToken = default)
    {
        Check(location);
        return new ValueTask<Uri?>(_signer.Sign(verb == PresignedVerb.Put ? HttpMethod.Put : HttpMethod.Get, _publicEndpoint, location.Bucket, location.Key, [], lifetime));
    }

    public void Dispose()
    {
        _buckets.Dispose();
        _http.Dispose();
    }

    private async Task RemoveAsync(ObjectLocation location, CancellationToken cancellationToken)
    {
        using var response = await _http.SendAsync(location.Bucket, _ => Request(HttpMethod.Delete, location), cancellationToken).ConfigureAwait(false);
    }

    private HttpRequestMessage Request(HttpMethod method, ObjectLocation location) =>
        new(method, _signer.Sign(method, _http.Endpoint, location.Bucket, location.Key, [], RequestLifetime));

    private HttpRequestMessage Get(ObjectLocation location, RangeHeaderValue? range)
    {
        var request = Request(HttpMethod.Get, location);
        request.Headers.Range = range;
        return request;
    }

    private HttpRequestMessage Put(ObjectLocation location, HttpContent content, long length)
    {
        var request = Request(HttpMethod.Put, location);
        request.Content = content;
        request.Headers.ExpectContinue = length >= AskFirstFrom ? true : null;
        return request;
    }

    private static RangeHeaderValue RangeOf(long from, long? length) => new(from, length is { } some && some <= long.MaxValue - from ? from + some - 1 : null);

    private async Task<ObjectContent?> EmptyAsync(ObjectLocation location, CancellationToken cancellationToken) =>
        await StatAsync(location, cancellationToken).ConfigureAwait(false) is { } stat ? new ObjectContent(Stream.Null, stat.Size) : null;

    private async Task<ObjectContent> ContentAsync(HttpResponseMessage response, long totalSize, CancellationToken cancellationToken) =>
        new(new S3ReadStream(response, await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), _http, _time), totalSize);

    // Not every store puts it into quotes, as HTTP wants it.
    private static string TagOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("ETag", out var values) ? string.Concat(values).Trim('"') : "";

    private static void Check(ObjectLocation location) => ArgumentException.ThrowIfNullOrEmpty(location.Key, nameof(location));
}

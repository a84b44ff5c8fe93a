using System.Net;

namespace Dcron.Storage.Objects.S3;

/// <summary>
/// What Minio sends its requests through. It brings them through <see cref="S3Http"/>, so that errors are told as everywhere here (Minio 7.0.0 makes
/// a NullReferenceException of a 503 without a body), and in virtual-host style it puts the bucket before the host, which Minio cannot.
/// </summary>
internal sealed class MinioDoor(S3Http http, S3Signer signer, bool pathStyle) : HttpMessageHandler
{
    // Listings have at most a thousand keys of at most a kilobyte each, three times as long when they are escaped.
    private const int MaxBody = 16 * 1024 * 1024;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var (bucket, key) = Split(request.RequestUri!);
        var body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var response = await http.SendAsync(bucket, _ => Copy(request, bucket, key, body), cancellationToken).ConfigureAwait(false);
        response.RequestMessage = request;

        // Minio reads it without waiting: it must be here.
        using var stall = http.StartStallTimer(cancellationToken);
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxBody, stall.Token).ConfigureAwait(false);
            return response;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            response.Dispose();
            throw S3Errors.TimedOut(http.Endpoint, http.Timeout, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            response.Dispose();
            throw S3Errors.Unreachable(http.Endpoint, e);
        }
    }

    private HttpRequestMessage Copy(HttpRequestMessage request, string bucket, string key, byte[]? body)
    {
        var copy = new HttpRequestMessage(request.Method, pathStyle ? request.RequestUri : Sign(request, bucket, key));
        foreach (var header in request.Headers)
        {
            if (pathStyle || !IsOfSignature(header.Key))
            {
                copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }

        if (body is not null)
        {
            copy.Content = new ByteArrayContent(body);
            foreach (var header in request.Content!.Headers)
            {
                copy.Content.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }

        return copy;
    }

    private Uri Sign(HttpRequestMessage request, string bucket, string key) =>
        signer.Sign(request.Method, http.Endpoint, bucket, key, Parameters(request.RequestUri!.Query), Lifetime);

    private static bool IsOfSignature(string header) =>
        header.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || header.Equals("Host", StringComparison.OrdinalIgnoreCase)
        || header.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase);

    private static (string Bucket, string Key) Split(Uri uri)
    {
        var path = uri.AbsolutePath.TrimStart('/');
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (path, "") : (path[..slash], Uri.UnescapeDataString(path[(slash + 1)..]));
    }

    private static IEnumerable<KeyValuePair<string, string>> Parameters(string query) => query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2))
        .Select(pair => KeyValuePair.Create(Uri.UnescapeDataString(pair[0]), pair.Length < 2 ? "" : Uri.UnescapeDataString(pair[1])));
}

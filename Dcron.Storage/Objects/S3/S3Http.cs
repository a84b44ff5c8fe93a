using System.Net;

namespace Dcron.Storage.Objects.S3;

/// <summary>
/// Sends requests to the store and answers with what it said: successes, 404 and 416 as they are, all else as
/// <see cref="ObjectStoreUnavailableException"/>. Knows time-outs and which requests may be repeated, and nothing of what they mean.
/// </summary>
/// <remarks>Whole URLs bear a permission: they are never logged, nor put into a message.</remarks>
internal sealed class S3Http : IDisposable
{
    private static readonly TimeSpan[] RetryDelays = [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(400)];

    // When a store comes back, thousands of logs may wait for it.
    private const int MaxConnections = 256;

    private readonly HttpClient _client;
    private readonly TimeProvider _time;

    /// <param name="endpoint">For messages.</param>
    /// <param name="timeout">How long nothing may happen.</param>
    /// <param name="time">For time-outs and delays.</param>
    /// <param name="connect">How a connection is made; null for the usual way.</param>
    public S3Http(Uri endpoint, TimeSpan timeout, TimeProvider time, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null)
    {
        (Endpoint, Timeout, _time) = (endpoint, timeout, time);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // a redirect is another region, and the signature would not hold there
            UseCookies = false,
            ConnectTimeout = timeout,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20), // before servers close theirs
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // so that a changed address is noticed
            MaxConnectionsPerServer = MaxConnections,
            ConnectCallback = connect,
        })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan, // how long a transfer takes depends on its size: only standing still is limited
        };
    }

    public Uri Endpoint { get; }

    public TimeSpan Timeout { get; }

    /// <param name="bucket">For messages.</param>
    /// <param name="request">Makes the request, anew for each try; its content may call <see cref="StallTimer.Moved"/>.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>Its headers are there, its body not yet. Dispose it.</returns>
    public async Task<HttpResponseMessage> SendAsync(string bucket, Func<StallTimer, HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var response = await TryAsync(bucket, request, mayRepeat: attempt < RetryDelays.Length, cancellationToken).ConfigureAwait(false);
            if (response is not null)
            {
                return response;
            }

            await Task.Delay(RetryDelays[attempt], _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Null when it may be tried again.</returns>
    private async Task<HttpResponseMessage?> TryAsync(string bucket, Func<StallTimer, HttpRequestMessage> request, bool mayRepeat, CancellationToken cancellationToken)
    {
        using var stall = StartStallTimer(cancellationToken);
        using var message = request(stall);
        HttpResponseMessage? response = null;
        try
        {
            response = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, stall.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode || response.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable
                || (response.StatusCode == HttpStatusCode.NotFound && message.Method != HttpMethod.Put))
            {
                var answer = response;
                response = null;
                return answer;
            }

            if (mayRepeat && IsPassing(message.Method, response.StatusCode))
            {
                return null;
            }

            stall.Moved();
            throw S3Errors.Refused(Endpoint, bucket, await S3Errors.ReadAsync(response, stall.Token).ConfigureAwait(false), _time.GetUtcNow());
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.TimedOut(Endpoint, Timeout, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return mayRepeat && MayHaveNoEffect(message.Method, e) ? null : throw S3Errors.Unreachable(Endpoint, e);
        }
        finally
        {
            response?.Dispose();
        }
    }

    public StallTimer StartStallTimer(CancellationToken cancellationToken) => new(Timeout, _time, cancellationToken);

    public void Dispose() => _client.Dispose();

    // A PUT is repeated only where the first one surely had no effect: one that is still on its way could overwrite what comes after it.
    private static bool IsPassing(HttpMethod method, HttpStatusCode status) => status switch
    {
        HttpStatusCode.ServiceUnavailable => true,
        HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => method != HttpMethod.Put,
        _ => false,
    };

    private static bool MayHaveNoEffect(HttpMethod method, Exception error) =>
        method != HttpMethod.Put || error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
}

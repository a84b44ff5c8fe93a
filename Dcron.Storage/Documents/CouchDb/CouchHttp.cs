using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// Sends requests to CouchDB and answers with what it said. Knows time-outs, log-ins and which requests may be repeated, and nothing of what
/// they mean.
/// </summary>
internal sealed class CouchHttp : IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    // CouchDB locks out who gives five wrong passwords within five minutes, and everybody else at that address with them.
    private static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromSeconds(90);

    private const int MaxConnections = 64;

    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly CouchDbOptions _options;
    private volatile Pause? _pause;

    public CouchHttp(CouchDbOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        Errors = new CouchErrors(options);
        Timeout = TimeSpan.FromSeconds(options.TimeoutSeconds);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = Timeout,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60), // before CouchDB closes its own
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // so that a changed address is noticed
            MaxConnectionsPerServer = MaxConnections,
        })
        {
            BaseAddress = new Uri(options.Url),
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

        // Sent with each request: CouchDB remembers whom it has checked, so this costs what a cookie costs, without a log-in that could expire.
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.Username}:{options.Password}"));
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        _client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    public CouchErrors Errors { get; }

    /// <summary>How long a request may take.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Asks for something that can be asked twice.</summary>
    public Task<CouchAnswer> GetAsync(string path, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        SendAsync(HttpMethod.Get, path, null, isRepeatable: true, timeout ?? Timeout, cancellationToken);

    /// <summary>A question that does not fit into a URL.</summary>
    public Task<CouchAnswer> AskAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, isRepeatable: true, Timeout, cancellationToken);

    /// <summary>A change. Repeated only where it surely did not arrive.</summary>
    public Task<CouchAnswer> ChangeAsync(HttpMethod method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken) =>
        SendAsync(method, path, body, isRepeatable: false, Timeout, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<CouchAnswer> SendAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body, bool isRepeatable, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ThrowWhilePaused();
        try
        {
            return Judge(await SendOnceAsync(method, path, body, timeout, cancellationToken).ConfigureAwait(false));
        }
        catch (HttpRequestException e) when (isRepeatable || e.HttpRequestError is HttpRequestError.ConnectionError)
        {
            // Mostly a connection that CouchDB closed when it was restarted, or a restart itself.
            await Task.Delay(RetryDelay, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw Errors.Unreachable(e);
        }

        try
        {
            return Judge(await SendOnceAsync(method, path, body, timeout, cancellationToken).ConfigureAwait(false));
        }
        catch (HttpRequestException e)
        {
            throw Errors.Unreachable(e);
        }
    }

    private async Task<CouchAnswer> SendOnceAsync(HttpMethod method, string path, ReadOnlyMemory<byte>? body, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = new HttpRequestMessage(method, path);
        if (body is { } bytes)
        {
            request.Content = new ReadOnlyMemoryContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return new CouchAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Errors.TimedOut(timeout, e);
        }
        catch (IOException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new HttpRequestException(HttpRequestError.ResponseEnded, e.Message, e);
        }
    }

    private CouchAnswer Judge(CouchAnswer answer)
    {
        // It also says 401 to a user whom it knows and who may not; that one asks again without harm.
        if (answer.Status == HttpStatusCode.Unauthorized && answer.Refusal().Reason?.Contains("password", StringComparison.OrdinalIgnoreCase) != false)
        {
            throw PauseWith(Errors.WrongPassword(PauseAfterRefusal));
        }

        if (answer.Status == HttpStatusCode.Forbidden && answer.Refusal().Reason?.Contains("locked", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw PauseWith(Errors.LockedOut(PauseAfterRefusal));
        }

        return answer;
    }

    private DocumentStoreUnavailableException PauseWith(DocumentStoreUnavailableException error)
    {
        _pause = new Pause(_time.GetTimestamp(), error.Message);
        return error;
    }

    private void ThrowWhilePaused()
    {
        if (_pause is { } pause)
        {
            if (_time.GetElapsedTime(pause.Since) < PauseAfterRefusal)
            {
                throw new DocumentStoreUnavailableException(pause.Reason);
            }

            _pause = null;
        }
    }

    private sealed record Pause(long Since, string Reason);
}

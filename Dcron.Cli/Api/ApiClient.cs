using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Security.Authentication;

namespace Dcron.Cli.Api;

/// <summary>Speaks with one server. Tries again when it does not answer or asks for patience (503), within the time that the user grants.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _server;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly Action<string> _tell;

    /// <param name="server">May have a path, for a server behind a proxy.</param>
    /// <param name="key">An API key, or null.</param>
    /// <param name="patience">How long to go on trying.</param>
    /// <param name="tell">Is told, once a call, why it takes longer.</param>
    /// <param name="network">Null for the real one.</param>
    public ApiClient(Uri server, string? key, TimeSpan patience, TimeProvider time, Action<string> tell, HttpMessageHandler? network)
    {
        (_server, _patience, _time, _tell) = (server, patience, time, tell);
        _http = new HttpClient(network ?? NetworkTo(server), disposeHandler: network is null)
        {
            BaseAddress = new Uri(server.AbsoluteUri.TrimEnd('/') + "/api/v1/"),
            Timeout = Timeout.InfiniteTimeSpan, // uploads and followed logs take what they take; the socket's own timeouts bound the rest
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("dcron", typeof(ApiClient).Assembly.GetName().Version?.ToString(3)));
        if (!string.IsNullOrEmpty(key))
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The namespace to work in; null for whatever the key allows.</summary>
    public string? Namespace { get; init; }

    /// <summary>The namespace to work in as a query parameter, behind a character; empty where there is none.</summary>
    public string NamespaceQuery(char before) => Namespace is null ? "" : $"{before}namespace={Uri.EscapeDataString(Namespace)}";

    /// <summary>As in messages: without a user name or password that somebody put into the address.</summary>
    public string Server => _server.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    public void Dispose() => _http.Dispose();

    /// <returns><see cref="Answer.Opened"/> for a streamed call that succeeded, <see cref="Answer.Ok"/> for another, or a failure.</returns>
    public async Task<Answer> SendAsync(Call call, CancellationToken cancel)
    {
        var key = call.Method == HttpMethod.Post ? call.IdempotencyKey ?? Guid.NewGuid().ToString("N") : null;
        var began = _time.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            var (answer, retryAfter) = await TryOnceAsync(call, key, repeated: tries > 1, cancel);
            // A conflict that names a time to come back passes by itself: the first try of this call is still under way, or a run is just ending.
            var again = answer is Answer.OutOfReach or Answer.Refused { Status: 429 or 503 } || (answer is Answer.Refused { Status: 409 } && retryAfter is not null);
            if (!again || Retry.Delay(tries, retryAfter, _patience - _time.GetElapsedTime(began), Random.Shared.NextDouble()) is not { } delay)
                return answer;

            if (tries == 1)
                _tell(Impatience(answer));

            await Task.Delay(delay, _time, cancel);
        }
    }

    private async Task<(Answer Answer, TimeSpan? RetryAfter)> TryOnceAsync(Call call, string? key, bool repeated, CancellationToken cancel)
    {
        try
        {
            using var request = Request(call, key);
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (response.IsSuccessStatusCode && call.Streamed)
                return (new Answer.Opened(response), null);

            using (response)
            {
                var status = (int)response.StatusCode;
                var body = await response.Content.ReadAsByteArrayAsync(cancel);
                if (response.IsSuccessStatusCode)
                    return (new Answer.Ok(body, response.Headers.ETag?.ToString(), NextPage(response), repeated), null);

                var problem = response.Headers.Location is { } elsewhere && status is >= 300 and < 400
                    ? new Problem($"{Server} sends us on to {elsewhere}: give that address with --server if you trust it.", [])
                    : Problem.Read(status, body);
                return (new Answer.Refused(status, problem, body, repeated), Retry.After(response, _time.GetUtcNow()));
            }
        }
        catch (HttpRequestException e) when (Innermost(e) is AuthenticationException untrusted)
        {
            return (new Answer.Untrusted(Server, untrusted.Message), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return (new Answer.OutOfReach(Server, Innermost(e).Message), null);
        }
    }

    private static HttpRequestMessage Request(Call call, string? key)
    {
        var request = new HttpRequestMessage(call.Method, call.Path) { Content = call.Content?.Invoke() };
        request.Headers.Accept.ParseAdd(call.Accept ?? "application/json");
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        if (call.IfMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", call.IfMatch);
        if (call.AsksFirst)
            request.Headers.ExpectContinue = true;
        if (call.From is { } from)
            request.Headers.Range = new RangeHeaderValue(from, call.To);
        if (call.LastEventId is not null)
            request.Headers.Add("Last-Event-ID", call.LastEventId);
        return request;
    }

    /// <summary>The path and query of <c>Link: &lt;…&gt;; rel="next"</c>: never its host, so that a page cannot send our key elsewhere.</summary>
    private static string? NextPage(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
            return null;

        foreach (var link in links.SelectMany(l => l.Split(',')))
        {
            var (open, close) = (link.IndexOf('<', StringComparison.Ordinal), link.IndexOf('>', StringComparison.Ordinal));
            if (open < 0 || close < open || !link[close..].Contains("rel=\"next\"", StringComparison.OrdinalIgnoreCase))
                continue;

            var query = link[(open + 1)..close];
            return query.IndexOf('?', StringComparison.Ordinal) is var mark and >= 0 ? query[mark..] : null;
        }

        return null;
    }

    private string Impatience(Answer answer) => answer switch
    {
        Answer.OutOfReach away => $"{away.Server} does not answer ({away.Reason.TrimEnd('.')}); trying for {_patience.TotalSeconds:0.#} s.",
        _ => $"{Server} is not ready; trying for {_patience.TotalSeconds:0.#} s.",
    };

    private static Exception Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
            e = inner;
        return e;
    }

    private static SocketsHttpHandler NetworkTo(Uri server) => new()
    {
        AllowAutoRedirect = false, // a redirect would take the key to a host that nobody named
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        UseProxy = !server.IsLoopback,
    };
}

using System.Net;
using System.Text;

namespace Dcron.Tests.Cli;

/// <summary>Answers calls from a script of answers, by method and path, and keeps what was asked.</summary>
internal sealed class FakeServer : HttpMessageHandler
{
    private readonly Dictionary<string, Queue<Func<HttpResponseMessage>>> _answers = new(StringComparer.Ordinal);

    public List<Seen> Calls { get; } = [];

    /// <param name="Target">Method, a space, path and query below <c>/api/v1/</c>.</param>
    public sealed record Seen(string Target, byte[] Body, IReadOnlyDictionary<string, string> Headers)
    {
        public string Text => Encoding.UTF8.GetString(Body);
    }

    /// <summary>The last answer to a target is repeated.</summary>
    public FakeServer On(string target, int status, string body, params (string Name, string Value)[] headers) => On(target, () =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
            response.Headers.TryAddWithoutValidation(name, value);
        return response;
    });

    public FakeServer On(string target, Func<HttpResponseMessage> answer)
    {
        if (!_answers.TryGetValue(target, out var queue))
            _answers[target] = queue = new Queue<Func<HttpResponseMessage>>();
        queue.Enqueue(answer);
        return this;
    }

    public FakeServer BreaksOff(string target) => On(target, () => throw new HttpRequestException("Connection refused"));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = $"{request.Method} {request.RequestUri!.PathAndQuery["/api/v1/".Length..]}";
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Calls.Add(new Seen(target, body, request.Headers.Concat(request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>())
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase)));
        Assert.True(_answers.TryGetValue(target, out var queue), $"nobody expected {target}");
        return queue.Count > 1 ? queue.Dequeue()() : queue.Peek()();
    }
}

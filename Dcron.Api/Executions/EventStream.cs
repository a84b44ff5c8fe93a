using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dcron.Api.Executions;

/// <summary>Writes server-sent events, and a comment now and then so that nobody between takes the silence for the end.</summary>
internal sealed class EventStream(HttpResponse response, TimeProvider time)
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    private long _lastWrite = time.GetTimestamp();

    /// <summary>How long the stream may stay silent yet.</summary>
    public TimeSpan SilenceLeft => LongestSilence - time.GetElapsedTime(_lastWrite) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    public async Task BeginAsync(CancellationToken cancel)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold events back
        await WriteAsync(": dcron log\n\n", cancel);
    }

    public Task EventAsync<T>(string name, long id, T data, JsonTypeInfo<T> type, CancellationToken cancel) =>
        WriteAsync(string.Create(CultureInfo.InvariantCulture, $"event: {name}\nid: {id}\ndata: {JsonSerializer.Serialize(data, type)}\n\n"), cancel);

    public Task KeepAliveAsync(CancellationToken cancel) => SilenceLeft == TimeSpan.Zero ? WriteAsync(": still here\n\n", cancel) : Task.CompletedTask;

    private async Task WriteAsync(string text, CancellationToken cancel)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancel);
        await response.Body.FlushAsync(cancel);
        _lastWrite = time.GetTimestamp();
    }
}

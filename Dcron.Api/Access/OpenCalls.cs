using System.Collections.Concurrent;
using System.Threading.Channels;
using Dcron.Api.Keys;
using Dcron.Storage.Documents;

namespace Dcron.Api.Access;

/// <summary>Ends calls that stay open, such as a log that is followed, when the key or token that they came with is worthless: revoked, or past its time.</summary>
internal sealed partial class OpenCalls(ApiKeys keys, TimeProvider time, ILogger<OpenCalls> logger) : BackgroundService
{
    /// <summary>How long an open call may outlive its key.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<HttpContext, DateTimeOffset> _open = new();

    // Holds one item while calls may be open: a server that nobody calls is not woken up for them.
    private readonly Channel<bool> _opened = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (Caller.IdOf(context.User) is "" or "local" or ApiKeys.ConfiguredId)
        {
            await next(context);
            return;
        }

        _open[context] = time.GetUtcNow();
        _opened.Writer.TryWrite(true);
        try
        {
            await next(context);
        }
        finally
        {
            _open.TryRemove(context, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _opened.Reader.WaitToReadAsync(stoppingToken))
        {
            await Task.Delay(Interval, time, stoppingToken);
            _opened.Reader.TryRead(out _); // before the look: what opens from here on counts for the next one
            await EndWorthlessAsync(stoppingToken);
            if (!_open.IsEmpty)
                _opened.Writer.TryWrite(true);
        }
    }

    private async Task EndWorthlessAsync(CancellationToken stoppingToken)
    {
        var now = time.GetUtcNow();
        foreach (var caller in _open.Where(open => now - open.Value >= Interval).GroupBy(open => Caller.IdOf(open.Key.User)))
        {
            if (!await IsValidAsync(caller.Key, Caller.EndOf(caller.First().Key.User), now, stoppingToken))
            {
                // The server uses its contexts again: only one that is still in the same call is ended.
                foreach (var (context, _) in caller.Where(open => _open.TryGetValue(open.Key, out var current) && current == open.Value))
                    context.Abort();
            }
        }
    }

    private async ValueTask<bool> IsValidAsync(string id, DateTimeOffset? end, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (end <= now)
            return false;
        try
        {
            return id.StartsWith("oidc:", StringComparison.Ordinal) || await keys.ExistsAsync(id, cancellationToken);
        }
        catch (DocumentStoreUnavailableException e)
        {
            Unknown(logger, e.Message); // what streams now goes on; nothing new begins without the store
            return true;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Whether the keys of open calls still hold is not known: {Reason}")]
    private static partial void Unknown(ILogger logger, string reason);
}

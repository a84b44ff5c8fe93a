using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Dcron.Api.Problems;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Access;

/// <summary>Limits the rate of calls of each caller: by key or token where there is one, otherwise by address.</summary>
/// <remarks>ASP.NET's own middleware keeps two timers that wake up ten times a second each, also on a node that nobody calls. Here buckets fill when they are drawn from.</remarks>
internal sealed class RateLimits(IOptions<ApiOptions> options, TimeProvider time)
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(10);

    private readonly RateLimitOptions _limit = options.Value.RateLimit;
    private readonly ConcurrentDictionary<string, TokenBucketRateLimiter> _buckets = new(StringComparer.Ordinal);
    private long _sweptAt = time.GetTimestamp();

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_limit.PerSecond == 0 || CallerOf(context) is not { } caller)
        {
            await next(context);
            return;
        }

        SweepNowAndThen();
        var bucket = _buckets.GetOrAdd(caller, _ => MakeBucket());
        bucket.TryReplenish();
        using var lease = bucket.AttemptAcquire();
        if (lease.IsAcquired)
        {
            await next(context);
            return;
        }

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter) ? retryAfter : TimeSpan.FromSeconds(1);
        await Problem.TooManyCalls(Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds))).ExecuteAsync(context);
    }

    /// <summary>Null for whoever needs no key on loopback.</summary>
    private static string? CallerOf(HttpContext context)
    {
        var caller = Caller.IdOf(context.User);
        return caller == "local" ? null : caller.Length > 0 ? caller : "address " + SignInThrottle.PlaceOf(context.Connection.RemoteIpAddress);
    }

    private TokenBucketRateLimiter MakeBucket() => new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = _limit.Burst,
        TokensPerPeriod = Math.Max(1, _limit.PerSecond / 10),
        ReplenishmentPeriod = _limit.PerSecond >= 10 ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(1.0 / _limit.PerSecond),
        QueueLimit = 0,
        AutoReplenishment = false,
    });

    // A full bucket says nothing: whoever comes again gets one that is as full.
    private void SweepNowAndThen()
    {
        var last = Volatile.Read(ref _sweptAt);
        if (time.GetElapsedTime(last) < SweepPeriod || Interlocked.CompareExchange(ref _sweptAt, time.GetTimestamp(), last) != last)
            return;

        foreach (var (caller, bucket) in _buckets)
        {
            bucket.TryReplenish();
            if (bucket.IdleDuration is not null)
                _buckets.TryRemove(new(caller, bucket));
        }
    }
}

namespace Dcron.Cli.Api;

/// <summary>How long to wait before a call is made once more.</summary>
internal static class Retry
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    /// <param name="failures">How often it failed so far, from 1.</param>
    /// <param name="retryAfter">What the server asked for.</param>
    /// <param name="left">What is left of the time that the user grants.</param>
    /// <param name="random">0 ≤ random &lt; 1: spreads clients that were cut off together.</param>
    /// <returns>Null when no time is left for another try.</returns>
    public static TimeSpan? Delay(int failures, TimeSpan? retryAfter, TimeSpan left, double random)
    {
        var backoff = First * Math.Pow(2, Math.Min(failures - 1, 10));
        var wait = retryAfter ?? (backoff < Longest ? backoff : Longest) * (0.5 + random / 2);
        return wait < left ? wait : null;
    }

    /// <summary>Reads <c>Retry-After</c>, seconds or a date.</summary>
    public static TimeSpan? After(HttpResponseMessage response, DateTimeOffset now)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? header?.Date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}

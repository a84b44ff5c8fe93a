using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>Whether another attempt follows, and when.</summary>
internal static class Retries
{
    /// <summary>The next attempt's launch: the same script, arguments and environment under the next name. Null when none follows.</summary>
    /// <param name="launch">The attempt that ended.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="policy">The job's, as it is now.</param>
    /// <param name="now">The job's clock: a worker's that runs ahead must not put the attempt off.</param>
    public static ExecuteJob? Next(ExecuteJob launch, ExecutionEnd end, RetryPolicy? policy, DateTimeOffset now)
    {
        if (policy is null || launch.ExecutionId.Attempt > policy.Count || !IsRetried(policy, end))
        {
            return null;
        }

        var id = launch.ExecutionId.NextAttempt();
        var from = end.FinishedAt < now ? end.FinishedAt : now;
        return launch with
        {
            ExecutionId = id,
            Trigger = ExecutionTrigger.Retry,
            DueAt = UtcTime.ToMilliseconds(from + Delay(policy, id)),
            PlannedAt = null,
            Offers = null,
            OffersLeftOut = null,
        };
    }

    /// <summary>From the end of the attempt before to the start of this one.</summary>
    public static TimeSpan Delay(RetryPolicy policy, ExecutionId attempt)
    {
        var doublings = policy.Backoff == RetryBackoff.Fixed ? 0 : attempt.Attempt - 2;
        var delay = Math.Min(policy.MaxDelaySeconds, policy.DelaySeconds * Math.Pow(2, doublings));
        return TimeSpan.FromSeconds(delay * (1 + (policy.Jitter * Spread.Of(attempt.ToString()))));
    }

    private static bool IsRetried(RetryPolicy policy, ExecutionEnd end) =>
        (policy.On ?? RetryPolicy.DefaultOn).Contains(end.Result)
        && (end.Result != ExecutionResult.Failed || policy.OnExitCodes.Count == 0 || (end.ExitStatus is { } status && policy.OnExitCodes.Contains(status)));
}

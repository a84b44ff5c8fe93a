using System.Globalization;
using Dcron.Grains.Containing;
using Dcron.Grains.Executions;
using Dcron.Grains.Processes;

namespace Dcron.Grains.Workers;

/// <summary>What a script's end means for its execution. Pure.</summary>
internal static class ScriptOutcome
{
    /// <param name="started">The claim, with its start.</param>
    /// <param name="exit">How the process ended.</param>
    /// <param name="held">Whether and why somebody ended it.</param>
    public static ExecutionDocument Of(ExecutionDocument started, ScriptExit exit, HeldExecution held)
    {
        var (status, signal) = exit switch
        {
            ScriptExit.Exited exited => ((int?)exited.Code, (string?)null),
            ScriptExit.Signalled signalled => (null, signalled.Name),
            ScriptExit.NeverRan => (null, null),
            _ => throw new System.Diagnostics.UnreachableException($"{exit}"),
        };
        var (result, reason) = exit.Cause switch
        {
            EndCause.Timeout => (ExecutionResult.TimedOut, TimeoutReason(held.Launch)),
            EndCause.Cancelled => (ExecutionResult.Cancelled, held.CancelReason),
            EndCause.Stopping => (ExecutionResult.Lost, "The node was stopped before the script had finished."),
            EndCause.LeaseExpired => (ExecutionResult.Lost, "The node could not renew the script's lease, so the script was ended."),
            null when exit is ScriptExit.NeverRan never => (ExecutionResult.Failed, never.Reason),
            null when status == 0 => (ExecutionResult.Succeeded, null),
            null when signal is not null => (ExecutionResult.Failed, $"The script was ended by {signal}."),
            null => (ExecutionResult.Failed, string.Create(CultureInfo.InvariantCulture, $"The script exited with status {status}.")),
            _ => throw new System.Diagnostics.UnreachableException($"{exit.Cause}"),
        };
        return started with
        {
            ExecutionResult = result,
            ExitStatus = status,
            Signal = signal,
            Reason = InOne(result == ExecutionResult.Failed ? exit.LimitReached : null, reason, exit.Trouble),
            Use = exit is ScriptExit.NeverRan ? null : new ExecutionUse { CpuSeconds = Math.Round(exit.CpuTime.TotalSeconds, 3), MemoryPeakBytes = exit.MaxRssBytes > 0 ? exit.MaxRssBytes : null },
        };
    }

    private static string? InOne(params string?[] reasons) => string.Join(' ', reasons.OfType<string>()) is { Length: > 0 } text ? text : null;

    private static string TimeoutReason(ExecuteJob launch) =>
        string.Create(CultureInfo.InvariantCulture, $"The script ran longer than the {launch.TimeoutSeconds} s that its job allows.");
}

using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Executions;

/// <summary>What became of a wish to cancel.</summary>
internal abstract record Cancellation
{
    private Cancellation()
    {
    }

    public sealed record Taken(ExecutionDocument Execution) : Cancellation;

    public sealed record NoSuchExecution : Cancellation;

    public sealed record Over(ExecutionResult Result) : Cancellation;

    /// <summary>It does not run any more, and its result is about to be known.</summary>
    public sealed record Ending : Cancellation;
}

/// <summary>Ends a running execution, or drops a queued one.</summary>
internal sealed class ExecutionCanceller(ExecutionFinder finder, IGrainFactory grains, TimeProvider time)
{
    private const int Tries = 5;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(200);

    /// <param name="id">What to cancel.</param>
    /// <param name="reason">A sentence that says who asked for it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Cancellation> CancelAsync(ExecutionId id, string reason, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            if (await finder.FindAsync(id, cancellationToken) is not { } execution)
                return new Cancellation.NoSuchExecution();
            if (execution.ExecutionResult.IsFinal())
                return new Cancellation.Over(execution.ExecutionResult);

            var taken = execution.ExecutionResult == ExecutionResult.Queued
                ? await grains.GetGrain<IJobGrain>(id.JobId.Value).CancelQueued(id, reason)
                : await grains.GetGrain<IExecutionGrain>(ExecutionGrainKey.Of(execution.WorkerId!, id)).Cancel(reason);
            if (taken)
                return new Cancellation.Taken(await finder.FindAsync(id, cancellationToken) ?? execution);

            // It went on between the look and the call: from queued to running, or from running to its end.
            await Task.Delay(BetweenTries, time, cancellationToken);
        }

        return new Cancellation.Ending();
    }
}

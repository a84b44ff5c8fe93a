using Dcron.Api.Problems;
using Dcron.Grains.Executions;
using Dcron.Storage.Objects;

namespace Dcron.Api.Executions;

/// <summary>Where the log of an execution is right now.</summary>
internal abstract record LogSource
{
    private LogSource()
    {
    }

    /// <summary>Whole, in object storage.</summary>
    public sealed record Stored(ObjectLocation Location, ObjectStat Stat) : LogSource;

    /// <summary>Being written on a worker.</summary>
    /// <param name="First">Its beginning, and how long it is so far.</param>
    public sealed record Growing(IExecutionGrain Execution, LogChunk First) : LogSource;

    /// <summary>Nothing was printed yet.</summary>
    public sealed record Empty : LogSource;

    /// <param name="Why">A sentence.</param>
    public sealed record None(string Why) : LogSource;
}

/// <summary>Finds and reads logs.</summary>
internal sealed class Logs(ExecutionFinder finder, IObjectStore objects, IGrainFactory grains, TimeProvider time)
{
    public const int ChunkBytes = 256 * 1024;
    private const int EndingTries = 10;
    private static readonly TimeSpan EndingDelay = TimeSpan.FromMilliseconds(100);

    public async ValueTask<LogSource> FindAsync(ExecutionDocument execution, CancellationToken cancellationToken)
    {
        switch (execution.ExecutionResult)
        {
            case ExecutionResult.Queued:
                return new LogSource.Empty();

            case ExecutionResult.Running:
                return await FindRunningAsync(execution, cancellationToken);

            default:
                if (!ObjectLocation.TryParse(execution.LogsPath, out var location, out _))
                {
                    return new LogSource.None(execution.Reason
                        ?? (execution.StartedAt is null ? "It never began, so there is no log." : "Its log is not in object storage."));
                }

                return await objects.StatAsync(location, cancellationToken) is { } stat
                    ? new LogSource.Stored(location, stat)
                    : new LogSource.None($"Its log is not at {location} any more.");
        }
    }

    /// <summary>A worker that has no more of it is about to publish the end: that is waited for a moment, rather than answering nothing.</summary>
    private async ValueTask<LogSource> FindRunningAsync(ExecutionDocument execution, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            LogChunk? chunk = null;
            try
            {
                chunk = await GrainOf(execution).ReadLog(0, ChunkBytes, TimeSpan.Zero);
            }
            catch (Exception e) when (Outage.Of(e) is not null && tries < EndingTries)
            {
                // Its worker may be gone; then somebody closes the execution.
            }

            if (chunk is not null && (!chunk.Ended || chunk.Length > 0 || tries == EndingTries))
                return new LogSource.Growing(GrainOf(execution), chunk);

            await Task.Delay(EndingDelay, time, cancellationToken);
            if (await finder.FindAsync(execution.ExecutionId, cancellationToken) is { } now && now.ExecutionResult.IsFinal())
                return await FindAsync(now, cancellationToken);
        }
    }

    public IExecutionGrain GrainOf(ExecutionDocument execution) =>
        grains.GetGrain<IExecutionGrain>(ExecutionGrainKey.Of(execution.WorkerId!, execution.ExecutionId));

    /// <returns>Null when the log is gone.</returns>
    public ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange range, CancellationToken cancellationToken) =>
        objects.OpenAsync(location, range, cancellationToken);
}

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
internal sealed class Logs(ExecutionFinder finder, IObjectStore objects, IGrainFactory grains)
{
    public const int ChunkBytes = 256 * 1024;

    public async ValueTask<LogSource> FindAsync(ExecutionDocument execution, CancellationToken cancellationToken)
    {
        switch (execution.ExecutionResult)
        {
            case ExecutionResult.Queued:
                return new LogSource.Empty();

            case ExecutionResult.Running:
                try
                {
                    var grain = GrainOf(execution);
                    return new LogSource.Growing(grain, await grain.ReadLog(0, ChunkBytes, TimeSpan.Zero));
                }
                catch (Exception) when (!cancellationToken.IsCancellationRequested)
                {
                    // It may have ended between the look and the call; if not, its worker is out of reach.
                    if (await finder.FindAsync(execution.ExecutionId, cancellationToken) is { } now && now.ExecutionResult.IsFinal())
                        return await FindAsync(now, cancellationToken);
                    throw;
                }

            default:
                if (!ObjectLocation.TryParse(execution.LogsPath, out var location, out _))
                {
                    return new LogSource.None(execution.StartedAt is null
                        ? "It never began, so there is no log."
                        : "Its log did not get into object storage.");
                }

                return await objects.StatAsync(location, cancellationToken) is { } stat
                    ? new LogSource.Stored(location, stat)
                    : new LogSource.None($"Its log is not at {location} any more.");
        }
    }

    public IExecutionGrain GrainOf(ExecutionDocument execution) =>
        grains.GetGrain<IExecutionGrain>(ExecutionGrainKey.Of(execution.WorkerId!, execution.ExecutionId));

    /// <returns>Null when the log is gone.</returns>
    public ValueTask<ObjectContent?> OpenAsync(ObjectLocation location, ByteRange range, CancellationToken cancellationToken) =>
        objects.OpenAsync(location, range, cancellationToken);
}

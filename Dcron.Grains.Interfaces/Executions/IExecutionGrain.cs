namespace Dcron.Grains.Executions;

/// <summary>One running execution, on its worker's silo. Its key is <see cref="ExecutionGrainKey"/>.</summary>
[Alias("dcron.IExecutionGrain")]
public interface IExecutionGrain : IGrainWithStringKey
{
    /// <summary>Ends the script: interrupt, grace, kill. Answers at once.</summary>
    /// <returns>False when it does not run here any more.</returns>
    [Alias("cancel")]
    Task<bool> Cancel(string reason);

    /// <summary>Reads the log as far as it is written.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="maxBytes">1 to 1,048,576.</param>
    /// <param name="wait">Longest time to wait for more than nothing.</param>
    [Alias("read-log")]
    Task<LogChunk> ReadLog(long offset, int maxBytes, TimeSpan wait);
}

/// <summary>A piece of a running execution's log.</summary>
/// <param name="Bytes">May be empty.</param>
/// <param name="Length">Bytes written so far.</param>
/// <param name="Ended">True when no more will come from here: read the rest from object storage once the document is final.</param>
[GenerateSerializer, Immutable, Alias("dcron.log-chunk")]
public sealed record LogChunk(
    [property: Id(0)] byte[] Bytes,
    [property: Id(1)] long Length,
    [property: Id(2)] bool Ended);

/// <summary>Key of an execution grain: the worker's silo and the execution, so that placement needs no lookup.</summary>
public static class ExecutionGrainKey
{
    public static string Of(string workerId, ExecutionId executionId) => $"{workerId}|{executionId}";

    /// <summary>The worker id that any worker or execution grain key begins with.</summary>
    public static string WorkerIdOf(string key) => key.IndexOf('|', StringComparison.Ordinal) is var bar and >= 0 ? key[..bar] : key;

    public static ExecutionId ExecutionIdOf(string key) => ExecutionId.Parse(key[(key.IndexOf('|', StringComparison.Ordinal) + 1)..]);
}

using System.Globalization;
using Dcron.Api.Json;
using Dcron.Api.Problems;
using Dcron.Grains.Executions;
using Dcron.Storage.Objects;

namespace Dcron.Api.Executions;

/// <summary>
/// Streams a log as it comes: <c>log</c> events whose id is the position after them, and one <c>end</c> event with the final execution. Waits while
/// the execution is queued, and goes on from object storage when its worker has no more, or is gone.
/// </summary>
internal sealed partial class LogFollower(ExecutionFinder finder, Logs logs, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<LogFollower> logger)
{
    private const int EventBytes = 64 * 1024;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(5);

    public async Task StreamAsync(HttpContext context, ExecutionDocument execution)
    {
        // A stream must not keep a stopping node up; its reader takes up again elsewhere by Last-Event-ID.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var from = long.TryParse(context.Request.Headers["Last-Event-ID"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : 0;
        var stream = new EventStream(context.Response, time);
        var text = new Utf8Chunks(from);
        try
        {
            await stream.BeginAsync(stop.Token);
            var final = await FollowAsync(stream, text, execution, stop.Token);
            await ReadStoredAsync(stream, text, final, stop.Token);
            if (text.Finish() is { } rest)
                await stream.EventAsync("log", text.Offset, rest, ApiJson.Shared.LogText, stop.Token);
            await stream.EventAsync("end", text.Offset, ExecutionView.Of(final), ApiJson.Shared.ExecutionView, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The reader went away, or the node stops.
        }
    }

    /// <summary>Sends what comes until the execution is final.</summary>
    private async Task<ExecutionDocument> FollowAsync(EventStream stream, Utf8Chunks text, ExecutionDocument execution, CancellationToken cancel)
    {
        while (!execution.ExecutionResult.IsFinal())
        {
            var more = execution.ExecutionResult == ExecutionResult.Running && await ReadRunningAsync(stream, text, execution, cancel);
            await stream.KeepAliveAsync(cancel);
            if (more)
                continue;

            await Task.Delay(Poll, time, cancel);
            execution = await LookAgainAsync(execution, cancel);
        }

        return execution;
    }

    /// <returns>False when the worker has no more of it.</returns>
    private async Task<bool> ReadRunningAsync(EventStream stream, Utf8Chunks text, ExecutionDocument execution, CancellationToken cancel)
    {
        try
        {
            var wait = stream.SilenceLeft < LongPoll ? stream.SilenceLeft : LongPoll;
            var chunk = await logs.GrainOf(execution).ReadLog(text.ReadUpTo, EventBytes, wait).WaitAsync(cancel);
            if (chunk.Bytes.Length > 0 && text.Append(chunk.Bytes) is { } log)
                await stream.EventAsync("log", text.Offset, log, ApiJson.Shared.LogText, cancel);
            return !chunk.Ended || chunk.Bytes.Length > 0;
        }
        catch (Exception e) when (Outage.Of(e) is not null)
        {
            WorkerAway(logger, execution.ExecutionId, execution.WorkerId, e.Message);
            return false;
        }
    }

    private async Task<ExecutionDocument> LookAgainAsync(ExecutionDocument execution, CancellationToken cancel)
    {
        try
        {
            return await finder.FindAsync(execution.ExecutionId, cancel) ?? execution;
        }
        catch (Exception e) when (Outage.Of(e) is not null)
        {
            return execution; // the store comes back; the stream goes on then
        }
    }

    /// <summary>Sends what object storage has beyond what was read already.</summary>
    private async Task ReadStoredAsync(EventStream stream, Utf8Chunks text, ExecutionDocument execution, CancellationToken cancel)
    {
        if (await logs.FindAsync(execution, cancel) is not LogSource.Stored stored || stored.Stat.Size <= text.ReadUpTo
            || await logs.OpenAsync(stored.Location, new ByteRange(text.ReadUpTo, null), cancel) is not { } content)
        {
            return;
        }

        await using (content)
        {
            var buffer = new byte[EventBytes];
            for (int read; (read = await content.Stream.ReadAsync(buffer, cancel)) > 0;)
            {
                if (text.Append(buffer.AsSpan(0, read)) is { } log)
                    await stream.EventAsync("log", text.Offset, log, ApiJson.Shared.LogText, cancel);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "The log of {ExecutionId} can't be read from {WorkerId} any more: {Reason}")]
    private static partial void WorkerAway(ILogger logger, ExecutionId executionId, string? workerId, string reason);
}

using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>
/// The one thread that writes: it takes everything that waits, up to a bound, and hands it to the writer as one batch.
/// While a batch is being made durable the next one gathers, so that the disk is asked once for many callers. Writes that may wait begin no batch of their own
/// shortly after the last one: the next that may not takes them along.
/// A thread of its own, because a commit blocks for as long as the disk takes.
/// </summary>
internal sealed class WriterThread : IAsyncDisposable
{
    /// <summary>About what passes on a busy node until the next write that can't wait.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private const int MaxBatch = 512;

    private readonly object _gate = new();
    private readonly Queue<PendingOperation> _waiting = new();
    private readonly SqliteWriter _writer;
    private readonly TimeSpan _patience;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hurried;
    private long? _lastBatch;
    private long _commits;
    private bool _started;
    private bool _stopping;

    public WriterThread(SqliteWriter writer, TimeSpan patience) => (_writer, _patience) = (writer, patience);

    public long Commits => Interlocked.Read(ref _commits);

    /// <exception cref="ObjectDisposedException">The store has been closed.</exception>
    public void Enqueue(PendingOperation operation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteDocumentStore));
            _waiting.Enqueue(operation);
            _hurried += operation.MayWait ? 0 : 1;
            if (!_started)
            {
                _started = true;
                new Thread(Work) { IsBackground = true, Name = "dcron document writer" }.Start();
            }
            else if (_waiting.Count == 1 || !operation.MayWait)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Finishes what waits, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (!_started)
            {
                _ended.TrySetResult();
            }

            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task.ConfigureAwait(false);
    }

    private void Work()
    {
        var batch = new List<PendingOperation>(MaxBatch);
        while (Take(batch))
        {
            batch.RemoveAll(static operation => operation.IsGivenUp());
            Write(batch);
            batch.Clear();
            _lastBatch = Stopwatch.GetTimestamp();
        }

        _writer.Dispose();
        _ended.SetResult();
    }

    private bool Take(List<PendingOperation> batch)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0 || (_hurried == 0 && !_stopping))
            {
                if (_stopping)
                {
                    return false;
                }

                var left = _waiting.Count == 0 ? Timeout.InfiniteTimeSpan : _lastBatch is { } last ? _patience - Stopwatch.GetElapsedTime(last) : TimeSpan.Zero;
                if (_waiting.Count > 0 && left <= TimeSpan.Zero)
                {
                    break;
                }

                Monitor.Wait(_gate, (int)Math.Ceiling(left.TotalMilliseconds)); // a part of a millisecond would be none: this would spin
            }

            for (var weight = 0; weight < MaxBatch && _waiting.TryPeek(out var next); weight += next.Weight)
            {
                // A command has its transaction for itself, before or after what it came after or before.
                if (next is PendingCommand && batch.Count > 0)
                {
                    break;
                }

                batch.Add(_waiting.Dequeue());
                _hurried -= next.MayWait ? 0 : 1;
                if (next is PendingCommand)
                {
                    break;
                }
            }

            return true;
        }
    }

    private void Write(List<PendingOperation> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            if (batch[0] is PendingCommand command)
            {
                command.Run(_writer);
            }
            else
            {
                _writer.Write(batch);
            }

            Interlocked.Increment(ref _commits);
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers of this batch; the thread must live for the next one.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var error = e is SqliteException sqlite ? _writer.Failed(sqlite) : e;
            batch.ForEach(operation => operation.Fail(error));
            return;
        }

        batch.ForEach(static operation => operation.Complete());
    }
}

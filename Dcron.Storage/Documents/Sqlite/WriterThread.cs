using Microsoft.Data.Sqlite;

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>
/// The one thread that writes: it takes everything that waits, up to a bound, and hands it to the writer as one batch.
/// While a batch is being made durable the next one gathers, so that the disk is asked once for many callers.
/// A thread of its own, because a commit blocks for as long as the disk takes.
/// </summary>
internal sealed class WriterThread : IAsyncDisposable
{
    private const int MaxBatch = 512;

    private readonly object _gate = new();
    private readonly Queue<PendingOperation> _waiting = new();
    private readonly SqliteWriter _writer;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _started;
    private bool _stopping;

    public WriterThread(SqliteWriter writer) => _writer = writer;

    /// <exception cref="ObjectDisposedException">The store has been closed.</exception>
    public void Enqueue(PendingOperation operation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteDocumentStore));
            _waiting.Enqueue(operation);
            if (!_started)
            {
                _started = true;
                new Thread(Work) { IsBackground = true, Name = "dcron document writer" }.Start();
            }
            else if (_waiting.Count == 1)
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
        }

        _writer.Dispose();
        _ended.SetResult();
    }

    private bool Take(List<PendingOperation> batch)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            for (var weight = 0; weight < MaxBatch && _waiting.TryPeek(out var next); weight += next.Weight)
            {
                // A command has its transaction for itself, before or after what it came after or before.
                if (next is PendingCommand && batch.Count > 0)
                {
                    break;
                }

                batch.Add(_waiting.Dequeue());
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

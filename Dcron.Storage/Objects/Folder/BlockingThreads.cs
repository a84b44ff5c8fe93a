namespace Dcron.Storage.Objects.Folder;

/// <summary>
/// A few threads for calls that wait for the disk. An fsync on the thread pool would take one of its few threads
/// from the grains for as long as the disk takes, and it adds new ones but slowly. They wait by a plain lock: .NET's BlockingCollection
/// would spin first, and take the processor from a script.
/// </summary>
internal sealed class BlockingThreads(string name, int count) : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _waiting = new();
    private int _started;
    private int _idle;
    private bool _closed;

    public Task RunAsync(Action action, CancellationToken cancellationToken) =>
        RunAsync(
            () =>
            {
                action();
                return true;
            },
            cancellationToken);

    /// <param name="function">Run on one of the threads; what it throws, the task throws.</param>
    /// <param name="cancellationToken">Takes it back while it waits; once begun it is finished.</param>
    public Task<T> RunAsync<T>(Func<T> function, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(
            () =>
            {
                try
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    completion.SetResult(function());
                }
                catch (OperationCanceledException e)
                {
                    completion.SetCanceled(e.CancellationToken);
                }
#pragma warning disable CA1031 // It belongs to the caller; the thread must live on.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    completion.SetException(e);
                }
            });
        return completion.Task;
    }

    /// <summary>What waits is still done.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Enqueue(Action action)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _waiting.Enqueue(action);
            if (_idle >= _waiting.Count)
            {
                Monitor.Pulse(_gate);
            }
            else if (_started < count)
            {
                _started++;
                new Thread(Work) { IsBackground = true, Name = name }.Start();
            }
        }
    }

    private void Work()
    {
        while (Take() is { } action)
        {
            action();
        }
    }

    private Action? Take()
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_closed)
                {
                    return null;
                }

                _idle++;
                Monitor.Wait(_gate);
                _idle--;
            }

            return _waiting.Dequeue();
        }
    }
}

using System.Collections.Concurrent;

namespace Dcron.Storage.Objects.Folder;

/// <summary>
/// A few threads for calls that wait for the disk. An fsync on the thread pool would take one of its few threads
/// from the grains for as long as the disk takes, and it adds new ones but slowly.
/// </summary>
internal sealed class BlockingThreads(string name, int count) : IDisposable
{
    private readonly BlockingCollection<Action> _waiting = [];
    private int _started;
    private int _unfinished;

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
        ObjectDisposedException.ThrowIf(_waiting.IsAddingCompleted, this);
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var unfinished = Interlocked.Increment(ref _unfinished);
        _waiting.Add(
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
            },
            CancellationToken.None);
        if (unfinished > Volatile.Read(ref _started))
        {
            StartOneMore();
        }

        return completion.Task;
    }

    /// <summary>What waits is still done.</summary>
    public void Dispose() => _waiting.CompleteAdding();

    private void StartOneMore()
    {
        if (Interlocked.Increment(ref _started) <= count)
        {
            new Thread(Work) { IsBackground = true, Name = name }.Start();
        }
        else
        {
            Interlocked.Decrement(ref _started);
        }
    }

    private void Work()
    {
        foreach (var action in _waiting.GetConsumingEnumerable())
        {
            action();
            Interlocked.Decrement(ref _unfinished);
        }
    }
}

namespace Dcron.Storage.Objects.S3;

/// <summary>Cancels what has not moved for a while, or what its caller cancels.</summary>
internal sealed class StallTimer : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _stalled;
    private readonly CancellationTokenSource _either;

    public StallTimer(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _limit = limit;
        _stalled = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_stalled.Token, caller);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Something happened: the time begins anew.</summary>
    public void Moved() => _stalled.CancelAfter(_limit);

    public void Dispose()
    {
        _either.Dispose();
        _stalled.Dispose();
    }
}

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>The writes of one caller, which may travel in several requests, together with those of others.</summary>
internal sealed class WaitingCall
{
    private readonly TaskCompletionSource<WriteResult[]> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WriteResult[] _results;
    private readonly CancellationToken _cancellationToken;
    private Exception? _error;
    private int _missing;
    private bool _isBegun;

    public WaitingCall(IReadOnlyList<DocumentWrite> writes, string incarnation, CancellationToken cancellationToken)
    {
        _results = new WriteResult[writes.Count];
        _missing = writes.Count;
        _cancellationToken = cancellationToken;
        Writes = [.. writes.Select((write, position) => new WaitingWrite(this, write, position, incarnation))];
    }

    public IReadOnlyList<WaitingWrite> Writes { get; }

    public Task<WriteResult[]> Task => _completion.Task;

    /// <summary>Ends it before it began, when its caller has given up; true then. Once begun it is never cancelled: nobody would know what it did.</summary>
    public bool IsGivenUp()
    {
        if (!_isBegun && _cancellationToken.IsCancellationRequested)
        {
            _completion.TrySetCanceled(_cancellationToken);
            return true;
        }

        _isBegun = true;
        return false;
    }

    public void Done(int position, WriteResult result)
    {
        _results[position] = result;
        Count(null);
    }

    public void Failed(Exception error) => Count(error);

    private void Count(Exception? error)
    {
        _error ??= error;
        if (--_missing > 0)
        {
            return;
        }

        if (_error is null)
        {
            _completion.TrySetResult(_results);
        }
        else
        {
            _completion.TrySetException(_error);
        }
    }
}

/// <summary>One write of a caller.</summary>
internal sealed class WaitingWrite
{
    private readonly int _position;
    private readonly string _incarnation;

    public WaitingWrite(WaitingCall call, DocumentWrite write, int position, string incarnation)
    {
        (Call, _position, _incarnation) = (call, position, incarnation);
        Write = write switch
        {
            DocumentWrite.Replace replace => CouchRevision.Parse(replace.Revision, replace.Id, incarnation) is { } revision ? replace with { Revision = revision } : null,
            DocumentWrite.Delete delete => CouchRevision.Parse(delete.Revision, delete.Id, incarnation) is { } revision ? delete with { Revision = revision } : null,
            _ => write,
        };
        Id = write.Id;
    }

    public WaitingCall Call { get; }

    public string Id { get; }

    /// <summary>As CouchDB is to be asked; null where the condition can't hold, whatever CouchDB would say.</summary>
    public DocumentWrite? Write { get; }

    public int Size => Write switch
    {
        DocumentWrite.Create create => create.Body.Length,
        DocumentWrite.Replace replace => replace.Body.Length,
        _ => 0,
    };

    /// <param name="revision">As CouchDB gave it.</param>
    public void Written(string revision) => Call.Done(_position, new WriteResult.Written(
        Write is DocumentWrite.Delete ? CouchRevision.OfDeleted(revision, Id, _incarnation) : CouchRevision.Of(revision, Id, _incarnation)));

    public void Conflicts() => Call.Done(_position, WriteResult.Conflict.Instance);

    public void Failed(Exception error) => Call.Failed(error);
}

namespace Dcron.Storage.Documents.Sqlite;

/// <summary>Something that waits for the one thread that writes.</summary>
internal abstract class PendingOperation(CancellationToken cancellationToken)
{
    /// <summary>Counts against the size of a batch.</summary>
    public abstract int Weight { get; }

    /// <summary>True when it may wait for others to be made durable with.</summary>
    public virtual bool MayWait => false;

    /// <summary>Ends it before it began, when its caller has given up; true then. Once begun it is never cancelled: nobody would know what it did.</summary>
    public bool IsGivenUp()
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        Cancel(cancellationToken);
        return true;
    }

    public abstract void Complete();

    public abstract void Fail(Exception error);

    protected abstract void Cancel(CancellationToken token);
}

/// <summary>Writes of one caller to one collection; many callers' writes share a transaction.</summary>
internal sealed class PendingWrites(string collection, DocumentWrite[] writes, bool mayWait, CancellationToken cancellationToken) : PendingOperation(cancellationToken)
{
    private readonly TaskCompletionSource<WriteResult[]> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Collection { get; } = collection;

    public DocumentWrite[] Writes { get; } = writes;

    public WriteResult[] Results { get; } = new WriteResult[writes.Length];

    /// <summary>What <see cref="Fields"/> was read for; null while the collection is not known.</summary>
    public CollectionSchema? Schema { get; private set; }

    /// <summary>The indexed fields of each write, null for deletions.</summary>
    public FieldText[]?[] Fields { get; } = new FieldText[]?[writes.Length];

    /// <summary>Why these writes alone fail, whatever becomes of the others in the transaction.</summary>
    public Exception? Error { get; set; }

    public Task<WriteResult[]> Task => _completion.Task;

    public override int Weight => Writes.Length;

    public override bool MayWait => mayWait;

    /// <summary>Reads the indexed fields; done by the caller, so that the writing thread does not have to.</summary>
    public void ReadFields(CollectionSchema schema)
    {
        for (var i = 0; i < Writes.Length; i++)
        {
            Fields[i] = Writes[i] switch
            {
                DocumentWrite.Create create => IndexedFields.Read(create.Body.Span, schema.FieldNames),
                DocumentWrite.Replace replace => IndexedFields.Read(replace.Body.Span, schema.FieldNames),
                _ => null,
            };
        }

        Schema = schema;
    }

    public override void Complete()
    {
        if (Error is null)
        {
            _completion.SetResult(Results);
        }
        else
        {
            _completion.SetException(Error);
        }
    }

    public override void Fail(Exception error) => _completion.SetException(Error ?? error);

    protected override void Cancel(CancellationToken token) => _completion.SetCanceled(token);
}

/// <summary>Something that needs the writing connection for itself, such as a change of the collections.</summary>
internal sealed class PendingCommand<T>(Func<SqliteWriter, T> run, CancellationToken cancellationToken) : PendingCommand(cancellationToken)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    public override void Run(SqliteWriter writer) => _result = run(writer);

    public override void Complete() => _completion.SetResult(_result!);

    public override void Fail(Exception error) => _completion.SetException(error);

    protected override void Cancel(CancellationToken token) => _completion.SetCanceled(token);
}

internal abstract class PendingCommand(CancellationToken cancellationToken) : PendingOperation(cancellationToken)
{
    public override int Weight => 1;

    public abstract void Run(SqliteWriter writer);
}

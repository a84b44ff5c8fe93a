namespace Dcron.Storage.Documents;

/// <summary>A stored document.</summary>
/// <param name="Id">Its id: 1 to 400 characters of printable ASCII, not beginning with '_'.</param>
/// <param name="Revision">Opaque; changes with each write and never comes back, not even after deletion and re-creation.</param>
/// <param name="Body">
/// The JSON object that was written, in UTF-8, at most 4,000,000 bytes, without id and revision. Its fields and values are as they were; white space, escapes and the way
/// in which numbers are written may differ. Its top-level fields don't begin with '_' (stores keep such names for themselves).
/// </param>
public sealed record Document(string Id, string Revision, ReadOnlyMemory<byte> Body);

/// <summary>One write, with the condition under which it may happen.</summary>
public abstract record DocumentWrite
{
    private DocumentWrite(string id) => Id = id;

    public string Id { get; }

    /// <summary>Succeeds only where no such document exists.</summary>
    public sealed record Create(string DocumentId, ReadOnlyMemory<byte> Body) : DocumentWrite(DocumentId);

    /// <summary>Succeeds only while the document has this revision.</summary>
    public sealed record Replace(string DocumentId, string Revision, ReadOnlyMemory<byte> Body) : DocumentWrite(DocumentId);

    /// <summary>Succeeds only while the document has this revision.</summary>
    public sealed record Delete(string DocumentId, string Revision) : DocumentWrite(DocumentId);
}

/// <summary>How one write ended.</summary>
public abstract record WriteResult
{
    private WriteResult()
    {
    }

    /// <summary>Durable. For a deletion the revision is that of the deletion.</summary>
    public sealed record Written(string Revision) : WriteResult;

    /// <summary>The condition did not hold: it exists already, is gone, or has another revision. Nothing was written.</summary>
    public sealed record Conflict : WriteResult
    {
        public static readonly Conflict Instance = new();
    }
}

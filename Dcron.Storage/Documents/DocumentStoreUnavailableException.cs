namespace Dcron.Storage.Documents;

/// <summary>The document store can't be reached or can't write now. Whether a write took place is unknown.</summary>
public sealed class DocumentStoreUnavailableException : Exception
{
    public DocumentStoreUnavailableException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

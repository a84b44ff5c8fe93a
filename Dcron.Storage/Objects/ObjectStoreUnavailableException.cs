namespace Dcron.Storage.Objects;

/// <summary>The object store can't be reached, or refuses to read or write now.</summary>
public sealed class ObjectStoreUnavailableException : Exception
{
    public ObjectStoreUnavailableException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

namespace Dcron.Storage.Objects.Folder;

/// <summary>Turns what the file system says into a sentence that names the folder and the way out.</summary>
internal static class FolderErrors
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int ReadOnlyFileSystem = 30;

    public static bool IsOfFileSystem(Exception error) => error is IOException or UnauthorizedAccessException;

    public static ObjectStoreUnavailableException Unavailable(string root, Exception error)
    {
        var wayOut = error switch
        {
            UnauthorizedAccessException => "give dcron's user the right to read and write there, or set Dcron:DataPath to another folder",
            IOException { HResult: NoSpace or QuotaExceeded } => "the disk is full: free some space and dcron goes on by itself",
            IOException { HResult: ReadOnlyFileSystem } => "the file system is read-only: mount it for writing, or set Dcron:DataPath to another folder",
            _ => "see that the folder exists, is no file, and that its disk is healthy, or set Dcron:DataPath to another folder",
        };
        return new ObjectStoreUnavailableException($"The object folder '{root}' is not available: {wayOut} ({error.Message}).", error);
    }
}

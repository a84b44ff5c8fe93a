namespace Dcron.Tests;

/// <summary>A folder of its own, gone afterwards.</summary>
public sealed class TempFolder : IDisposable
{
    public string Path { get; } = Made();

    public string Of(string name) => System.IO.Path.Combine(Path, name);

    // Scripts run as other users than the tests, and some tests hear of them by files.
    private static string Made()
    {
        var path = Directory.CreateTempSubdirectory("dcron-test-").FullName;
        Security.FileModes.Set(path, 0b111_111_111);
        return path;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just ending may still write into it; the folder is in the system's own temp folder.
        }
    }
}

namespace Dcron.Tests.Storage;

/// <summary>A folder for one test, removed with it.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("dcron-test-").FullName;

    public string Path { get; }

    public string Of(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

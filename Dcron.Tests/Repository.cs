namespace Dcron.Tests;

/// <summary>The files of this repository, where tests look at more than the built programs.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Join(folder, "Dcron.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("The tests must run from below the repository's folder.");
    }
}

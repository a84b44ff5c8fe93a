using System.Diagnostics.CodeAnalysis;

namespace Dcron.Storage.Objects.Folder;

/// <summary>
/// Where an object lies below the root: <c>logs/2026/x.log</c> of bucket <c>dcron</c> is the file <c>dcron/logs.d/2026.d/x.log</c>.
/// </summary>
/// <remarks>
/// Folders bear the suffix <c>.d</c>, so that <c>a</c> and <c>a/b</c> can both be objects. A file whose name would look like such a folder
/// (<c>x.d</c>, <c>x.d_</c>, …) bears one more <c>_</c>. Both can be undone, so that a listing knows the keys.
/// </remarks>
internal static class ObjectPaths
{
    private const string FolderSuffix = ".d";

    public static string FolderName(string segment) => segment + FolderSuffix;

    public static string FileName(string segment) => LooksLikeFolder(segment) ? segment + "_" : segment;

    public static bool TryFolderSegment(string name, [NotNullWhen(true)] out string? segment)
    {
        segment = name.Length > FolderSuffix.Length && name.EndsWith(FolderSuffix, StringComparison.Ordinal) ? name[..^FolderSuffix.Length] : null;
        return segment is not null;
    }

    public static bool TryFileSegment(string name, [NotNullWhen(true)] out string? segment)
    {
        segment = !LooksLikeFolder(name) ? name : name[^1] == '_' ? name[..^1] : null;
        return segment is not null;
    }

    /// <summary>The path below the root, bucket included.</summary>
    public static string RelativePath(ObjectLocation location)
    {
        var segments = location.Key.Split('/');
        for (var i = 0; i < segments.Length - 1; i++)
        {
            segments[i] = FolderName(segments[i]);
        }

        segments[^1] = FileName(segments[^1]);
        return Path.Join(location.Bucket, string.Join(Path.DirectorySeparatorChar, segments));
    }

    private static bool LooksLikeFolder(string name)
    {
        var stem = name.AsSpan().TrimEnd('_');
        return stem.Length > FolderSuffix.Length && stem.EndsWith(FolderSuffix, StringComparison.Ordinal);
    }
}

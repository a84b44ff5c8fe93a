using System.IO.Enumeration;

namespace Dcron.Storage.Objects.Folder;

/// <summary>Walks a bucket's folders in the byte order of the keys, holding the names of one path of folders at a time.</summary>
internal sealed class FolderListing(string bucketFolder, string prefix)
{
    private static readonly EnumerationOptions Options = new() { AttributesToSkip = FileAttributes.ReparsePoint, ReturnSpecialDirectories = false };

    private readonly Stack<Queue<Entry>> _levels = new();
    private bool _begun;

    /// <summary>The next objects' keys and paths, all in one folder; null at the end. Waits for the disk.</summary>
    public IReadOnlyList<(string Key, string Path)>? Next()
    {
        if (!_begun)
        {
            _begun = true;
            var folder = prefix.LastIndexOf('/') + 1;
            var path = bucketFolder;
            foreach (var segment in prefix[..folder].Split('/', StringSplitOptions.None)[..^1])
            {
                path = Path.Join(path, ObjectPaths.FolderName(segment));
            }

            Descend(path, prefix[..folder], prefix[folder..]);
        }

        while (_levels.TryPeek(out var level))
        {
            var files = new List<(string, string)>();
            while (level.TryPeek(out var entry) && !entry.IsFolder)
            {
                files.Add((entry.Key, level.Dequeue().Path));
            }

            if (files.Count > 0)
            {
                return files;
            }

            if (level.TryDequeue(out var next))
            {
                Descend(next.Path, next.Key, "");
            }
            else
            {
                _levels.Pop();
            }
        }

        return null;
    }

    private void Descend(string path, string keyPrefix, string namePrefix)
    {
        try
        {
            var entries = new FileSystemEnumerable<(string Name, bool IsFolder)>(path, (ref FileSystemEntry e) => (e.FileName.ToString(), e.IsDirectory), Options)
                .Select(e => Of(path, keyPrefix, e.Name, e.IsFolder))
                .OfType<Entry>()
                .Where(e => e.Key.AsSpan(keyPrefix.Length).StartsWith(namePrefix, StringComparison.Ordinal));
            _levels.Push(new Queue<Entry>(entries.OrderBy(e => e.Key, Utf8Order.Instance)));
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing there, or it became empty and was removed meanwhile.
        }
    }

    private static Entry? Of(string folder, string keyPrefix, string name, bool isFolder) => isFolder
        ? ObjectPaths.TryFolderSegment(name, out var inner) ? new Entry(keyPrefix + inner + "/", Path.Join(folder, name), true) : null
        : ObjectPaths.TryFileSegment(name, out var segment) ? new Entry(keyPrefix + segment, Path.Join(folder, name), false) : null;

    /// <param name="Key">For a folder, what all keys below it begin with, slash included: that puts it between "a-" and "a0".</param>
    private sealed record Entry(string Key, string Path, bool IsFolder);
}

/// <summary>Orders texts by their bytes in UTF-8, which differs from ordinal order only for characters beyond the first plane.</summary>
internal sealed class Utf8Order : IComparer<string>
{
    public static readonly Utf8Order Instance = new();

    public int Compare(string? x, string? y)
    {
        var a = x.AsSpan();
        var b = y.AsSpan();
        var common = a.CommonPrefixLength(b);
        return common == a.Length || common == b.Length ? a.Length - b.Length : Rank(a[common]) - Rank(b[common]);
    }

    /// <summary>Surrogates stand for code points above all others.</summary>
    private static int Rank(char c) => c switch
    {
        >= '\uE000' => c - 0x800,
        >= '\uD800' => c + 0x2000,
        _ => c,
    };
}

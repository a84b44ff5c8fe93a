using Dcron.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Secrets;

/// <summary>The keys that secrets are sealed with: from configuration, from a file, or from one that is made where the documents are on this machine.</summary>
internal sealed partial class SecretKeyRing(IOptions<SecretsOptions> options, IOptions<DcronStorageOptions> storage, ILogger<SecretKeyRing> logger)
{
    private const string OwnFile = "secrets.key";
    private const string OwnId = "own";

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<SecretKey> _configured = [.. options.Value.Keys.Select(Parse)];
    private (DateTime WrittenAt, IReadOnlyList<SecretKey> Keys)? _file;

    // Nodes that share a database on a server do not share a folder: a key that each makes by itself would open only what it sealed.
    private bool MayMakeKey => options.Value.KeyFile is null
        && string.Equals(storage.Value.Documents.Provider, DcronStorageOptions.DocumentsOptions.Sqlite, StringComparison.OrdinalIgnoreCase);

    private string? Path => options.Value.KeyFile ?? (MayMakeKey ? System.IO.Path.Join(storage.Value.DataPath, OwnFile) : null);

    /// <summary>The key that seals; makes the first one where it may. Null when there is none to seal with.</summary>
    /// <exception cref="IOException">The key file can't be read or made.</exception>
    public SecretKey? Sealing()
    {
        if (All() is [{ } first, ..])
        {
            return first;
        }

        if (!MayMakeKey)
        {
            return null;
        }

        MakeKeyFile(Path!);
        return All()[0];
    }

    /// <summary>The key with an id; null when it is not in the ring.</summary>
    public SecretKey? Find(string id) => All().FirstOrDefault(key => key.Id == id);

    internal static IReadOnlyList<SecretKey> Read(string path)
    {
        var keys = File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Select(Parse).ToList();
        return keys.Select(key => key.Id).Distinct(StringComparer.Ordinal).Count() == keys.Count
            ? keys
            : throw new FormatException($"{path} has two keys with the same id.");
    }

    private static SecretKey Parse(string text) =>
        SecretKey.TryParse(text, out var key, out var reason) ? key : throw new FormatException($"each line of the key file {reason}.");

    private IReadOnlyList<SecretKey> All()
    {
        if (_configured.Count > 0 || Path is not { } path)
        {
            return _configured;
        }

        lock (_lock)
        {
            // One look at the file's time a call: a key that was added, or moved to the front, counts without a restart.
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return [];
            }

            if (_file is not { } known || known.WrittenAt != file.LastWriteTimeUtc)
            {
                if (PrivateFiles.IsOpenToOthers(path))
                {
                    LogReadable(logger, path);
                }

                _file = known = (file.LastWriteTimeUtc, Read(path));
            }

            return known.Keys;
        }
    }

    private static void MakeKeyFile(string path)
    {
        var draft = $"{path}.{Guid.NewGuid():N}";
        using (var stream = PrivateFiles.Create(draft))
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.WriteLine(SecretKey.NewText(OwnId));
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft); // another node on this machine was first: its key is the key
        }
    }

    [LoggerMessage(LogLevel.Warning, "The key file {Path} can be read or changed by other users of this machine; chmod 600 it")]
    private static partial void LogReadable(ILogger logger, string path);
}

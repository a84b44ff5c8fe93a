using System.Diagnostics.CodeAnalysis;
using Dcron.Storage.Objects;

namespace Dcron.Grains.Scripts;

/// <summary>
/// Where scripts lie. What was uploaded, and a copy of what was pinned, is kept as <c>scripts/sha256/HASH/FILE NAME</c> in the default bucket: the
/// place says what the bytes are, so nobody needs to ask the store, and it never holds others. The file name stays, for error messages of
/// the script and for interpreters that go by its ending.
/// </summary>
internal static class ScriptLayout
{
    /// <summary>The largest script, in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    public const string ContentType = "application/octet-stream";

    private const string Prefix = "scripts/sha256/";
    private const int HashLength = 64;

    /// <exception cref="FormatException">The file name can't be a part of a key; the message says why.</exception>
    public static ObjectLocation Pinned(string defaultBucket, string sha256, string fileName) =>
        ObjectLocation.Of(defaultBucket, $"{Prefix}{sha256}/{fileName}");

    public static string FileNameOf(ObjectLocation location) => location.Key[(location.Key.LastIndexOf('/') + 1)..];

    /// <summary>Reads the hash out of a location that bears it.</summary>
    public static bool TryReadHash(ObjectLocation location, string defaultBucket, [NotNullWhen(true)] out string? sha256)
    {
        sha256 = null;
        var key = location.Key;
        if (location.Bucket != defaultBucket || !key.StartsWith(Prefix, StringComparison.Ordinal) || key.Length < Prefix.Length + HashLength + 2
            || key[Prefix.Length + HashLength] != '/' || key.IndexOf('/', Prefix.Length + HashLength + 1) >= 0)
        {
            return false;
        }

        var hash = key.Substring(Prefix.Length, HashLength);
        sha256 = IsHash(hash) ? hash : null;
        return sha256 is not null;
    }

    public static bool IsHash(string text) => text.Length == HashLength && text.All(char.IsAsciiHexDigitLower);

    public static string TooLarge(string what) => $"{what} is larger than {MaxBytes / 1024 / 1024} MiB, the most that a script may have";
}

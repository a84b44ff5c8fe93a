using System.Security.Cryptography;
using Dcron.Storage.Objects;

namespace Dcron.Grains.Scripts;

/// <summary>Reads scripts whole, but never more than a script may have.</summary>
internal static class ScriptBytes
{
    public static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <returns>Null when there is more than <see cref="ScriptLayout.MaxBytes"/>.</returns>
    public static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > ScriptLayout.MaxBytes)
            {
                return null;
            }
        }

        return bytes.ToArray();
    }

    public static async Task<StoredBytes> ReadAsync(IObjectStore store, ObjectLocation location, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(location, cancellationToken: cancellationToken);
        if (content is null)
        {
            return new StoredBytes.None();
        }

        var bytes = content.TotalSize > ScriptLayout.MaxBytes ? null : await ReadAsync(content.Stream, cancellationToken);
        return bytes is null ? new StoredBytes.TooMany() : new StoredBytes.Some(bytes, HashOf(bytes));
    }
}

/// <summary>What a location holds.</summary>
internal abstract record StoredBytes
{
    private StoredBytes()
    {
    }

    public sealed record Some(byte[] Bytes, string Sha256) : StoredBytes;

    public sealed record None : StoredBytes;

    /// <summary>More than a script may have.</summary>
    public sealed record TooMany : StoredBytes;
}

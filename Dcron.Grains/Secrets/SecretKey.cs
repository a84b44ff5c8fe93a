using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Dcron.Grains.Secrets;

/// <summary>One key of the ring. Its text is <c>id:key</c>, the key in base64.</summary>
internal sealed class SecretKey
{
    public const int Bytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const string Form = "must be id:key, the id of letters, digits, '.', '_' and '-' and the key 32 bytes in base64, as `echo 2026-11:$(openssl rand -base64 32)` prints it";

    private readonly byte[] _key;

    private SecretKey(string id, byte[] key) => (Id, _key) = (id, key);

    public string Id { get; }

    public static bool TryParse(string text, [NotNullWhen(true)] out SecretKey? key, [NotNullWhen(false)] out string? reason)
    {
        (key, reason) = (null, Form);
        var bytes = new byte[Bytes];
        if (text.Trim().Split(':') is not [{ Length: >= 1 and <= 40 } id, { } encoded] || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            || !Convert.TryFromBase64String(encoded, bytes, out var written) || written != Bytes)
        {
            return false;
        }

        (key, reason) = (new SecretKey(id, bytes), null);
        return true;
    }

    /// <summary>The text of a new key.</summary>
    public static string NewText(string id) => $"{id}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes))}";

    /// <summary>Encrypts and authenticates (AES-256-GCM with a random nonce, which stands first).</summary>
    /// <param name="value">What is to be kept.</param>
    /// <param name="boundTo">What must be given again to open it.</param>
    public byte[] Seal(ReadOnlySpan<byte> value, string boundTo)
    {
        var box = new byte[NonceBytes + value.Length + TagBytes];
        var nonce = box.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Encrypt(nonce, value, box.AsSpan(NonceBytes, value.Length), box.AsSpan(NonceBytes + value.Length), Encoding.UTF8.GetBytes(boundTo));
        return box;
    }

    /// <returns>Null when it was sealed by another key or for something else, or is damaged.</returns>
    public byte[]? Open(ReadOnlySpan<byte> box, string boundTo)
    {
        if (box.Length < NonceBytes + TagBytes)
        {
            return null;
        }

        var value = new byte[box.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(_key, TagBytes);
        try
        {
            cipher.Decrypt(box[..NonceBytes], box[NonceBytes..^TagBytes], box[^TagBytes..], value, Encoding.UTF8.GetBytes(boundTo));
            return value;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dcron.Api.Json;

namespace Dcron.Api.Idempotency;

/// <summary>
/// A caller's key for one request. Its record is found by a hash, and the answer in it is sealed with what only the caller has: so that an answer
/// which bears a secret (a new API key) can be repeated and yet stands nowhere in the clear.
/// </summary>
internal sealed class IdempotencyKey
{
    public const int MaxLength = 255;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _sealingKey;

    /// <param name="callerId">Who calls; two callers' equal keys are different keys.</param>
    /// <param name="callerSecret">What the caller signs in with; may be empty.</param>
    /// <param name="text">The key.</param>
    public IdempotencyKey(string callerId, string callerSecret, string text)
    {
        RecordId = Convert.ToHexStringLower(Derive($"{callerId}\n{text}", "dcron idempotency record"));
        _sealingKey = Derive($"{callerId}\n{text}\n{callerSecret}", "dcron idempotency answer");
    }

    public string RecordId { get; }

    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: >= 1 and <= MaxLength } && text.All(c => c is >= ' ' and <= '~');

    private static byte[] Derive(string material, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(material), 32, info: Encoding.UTF8.GetBytes(purpose));

    public byte[] Seal(SealedAnswer answer)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(answer, ApiJson.Shared.SealedAnswer);
        var sealedBytes = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(_sealingKey, TagBytes);
        cipher.Encrypt(sealedBytes.AsSpan(0, NonceBytes), plain, sealedBytes.AsSpan(NonceBytes, plain.Length), sealedBytes.AsSpan(NonceBytes + plain.Length));
        return sealedBytes;
    }

    /// <returns>Null when it was sealed by somebody else, or is damaged.</returns>
    public SealedAnswer? Open(byte[] sealedBytes)
    {
        if (sealedBytes.Length < NonceBytes + TagBytes)
            return null;

        var plain = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(_sealingKey, TagBytes);
        try
        {
            cipher.Decrypt(sealedBytes.AsSpan(0, NonceBytes), sealedBytes.AsSpan(NonceBytes, plain.Length), sealedBytes.AsSpan(NonceBytes + plain.Length), plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return JsonSerializer.Deserialize(plain, ApiJson.Shared.SealedAnswer);
    }
}

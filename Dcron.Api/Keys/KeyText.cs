using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Dcron.Api.Keys;

/// <summary>The text of an API key, <c>dcron_id_secret</c>: an id to find it by and a secret of 256 random bits.</summary>
internal readonly record struct KeyText(string Id, string Secret)
{
    private const string Prefix = "dcron_";
    private const string Letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string IdLetters = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 12;
    private const int SecretLength = 43; // 62^43 > 2^256

    public static string NewId() => RandomNumberGenerator.GetString(IdLetters, IdLength);

    public static KeyText New(string id) => new(id, RandomNumberGenerator.GetString(Letters, SecretLength));

    public static bool TryParse([NotNullWhen(true)] string? text, out KeyText key)
    {
        key = default;
        if (text is null || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length..].Split('_') is not [{ } id, { } secret]
            || !IsId(id) || secret.Length != SecretLength || !secret.All(char.IsAsciiLetterOrDigit))
        {
            return false;
        }

        key = new KeyText(id, secret);
        return true;
    }

    public static bool IsId(string text) => text.Length is >= 1 and <= 40 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    public string SecretSha256() => Sha256(Secret);

    /// <summary>Takes the same time wherever the two differ.</summary>
    public bool Matches(string secretSha256) => SameText(SecretSha256(), secretSha256);

    public override string ToString() => $"{Prefix}{Id}_{Secret}";

    internal static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    internal static bool SameText(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}

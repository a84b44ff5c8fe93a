using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Dcron.Storage.Objects;

/// <summary>The place of an object: <c>s3://bucket/key</c>.</summary>
/// <remarks>
/// Keys that an S3 client or a file system would read differently are refused: empty segments, <c>.</c> and <c>..</c> segments, control
/// characters, backslashes, a leading or trailing slash, more than 1,024 bytes of UTF-8 or 250 bytes a segment (file systems end at 255, and
/// the folder store needs some of them). (Minio 7.0.0 turns <c>../b2/x</c> into another bucket.)
/// </remarks>
public readonly record struct ObjectLocation
{
    private const string Scheme = "s3://";

    private ObjectLocation(string bucket, string key) => (Bucket, Key) = (bucket, key);

    /// <summary>3 to 63 lower case letters, digits, dots and hyphens.</summary>
    public string Bucket { get; }

    public string Key { get; }

    /// <exception cref="FormatException">Bucket or key break the rules above; the message says which.</exception>
    public static ObjectLocation Of(string bucket, string key) =>
        Reason(bucket, key) is { } reason ? throw new FormatException(reason) : new ObjectLocation(bucket, key);

    /// <param name="text"><c>s3://bucket/key</c></param>
    /// <param name="location">The parsed location.</param>
    /// <param name="reason">A sentence that says what is wrong and what would be right.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out ObjectLocation location, [NotNullWhen(false)] out string? reason)
    {
        location = default;
        if (string.IsNullOrEmpty(text) || !text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            reason = "must have the form s3://bucket/key";
            return false;
        }

        var slash = text.IndexOf('/', Scheme.Length);
        if (slash < 0)
        {
            reason = "names a bucket but no key; it must have the form s3://bucket/key";
            return false;
        }

        var (bucket, key) = (text[Scheme.Length..slash], text[(slash + 1)..]);
        reason = Reason(bucket, key);
        if (reason is not null)
        {
            return false;
        }

        location = new ObjectLocation(bucket, key);
        return true;
    }

    public override string ToString() => $"{Scheme}{Bucket}/{Key}";

    private static string? Reason(string bucket, string key)
    {
        if (bucket.Length is < 3 or > 63 || !bucket.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-')
            || !char.IsAsciiLetterOrDigit(bucket[0]) || !char.IsAsciiLetterOrDigit(bucket[^1]) || bucket.Contains("..", StringComparison.Ordinal))
        {
            return "the bucket must be 3 to 63 lower case letters, digits, dots and hyphens, and begin and end with a letter or digit";
        }

        if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > 1024)
        {
            return "the key must have 1 to 1,024 bytes";
        }

        if (key.Any(char.IsControl) || key.Contains('\\'))
        {
            return "the key must not contain control characters or backslashes";
        }

        return key.Split('/').Any(segment => segment is "" or "." or ".." || Encoding.UTF8.GetByteCount(segment) > 250)
            ? "the key must not contain empty, '.' or '..' segments, nor a segment of more than 250 bytes"
            : null;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dcron.Storage.Objects.S3;

/// <summary>
/// Makes URLs that bear their own permission: AWS Signature Version 4 by query string, for path-style and virtual-host style alike.
/// Pure but for the clock. (docs.aws.amazon.com, "Authenticating Requests: Using Query Parameters".)
/// </summary>
/// <remarks>
/// Minio 7.0.0 signs GET and PUT only, keys of at most 512 characters, path-style only, and by the system's clock: docs/decisions says more.
/// </remarks>
internal sealed class S3Signer(string accessKey, string secretKey, string region, bool pathStyle, TimeProvider time)
{
    /// <summary>The longest that servers accept.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(7);

    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <param name="method">What the URL allows.</param>
    /// <param name="endpoint">Scheme, host and port of the store.</param>
    /// <param name="bucket">Goes into the path, or before the host.</param>
    /// <param name="key">Empty for the bucket itself.</param>
    /// <param name="query">More parameters, as they are, neither encoded nor sorted.</param>
    /// <param name="lifetime">From now; 1 second to 7 days.</param>
    public Uri Sign(HttpMethod method, Uri endpoint, string bucket, string key, IEnumerable<KeyValuePair<string, string>> query, TimeSpan lifetime)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lifetime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime);
        var now = time.GetUtcNow().UtcDateTime;
        var scope = string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd}/{region}/s3/aws4_request");
        var stamp = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var host = pathStyle ? endpoint.Authority : $"{bucket}.{endpoint.Authority}";
        var path = $"/{(pathStyle ? bucket + "/" : "")}{string.Join('/', key.Split('/').Select(Uri.EscapeDataString))}";
        var parameters = string.Join('&', query
            .Concat(
            [
                new("X-Amz-Algorithm", Algorithm),
                new("X-Amz-Credential", $"{accessKey}/{scope}"),
                new("X-Amz-Date", stamp),
                new("X-Amz-Expires", ((long)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
                new("X-Amz-SignedHeaders", "host"),
            ])
            .Select(parameter => (Name: Uri.EscapeDataString(parameter.Key), Value: Uri.EscapeDataString(parameter.Value)))
            .OrderBy(parameter => parameter.Name, StringComparer.Ordinal).ThenBy(parameter => parameter.Value, StringComparer.Ordinal)
            .Select(parameter => $"{parameter.Name}={parameter.Value}"));

        var request = $"{method.Method}\n{path}\n{parameters}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD";
        var toSign = $"{Algorithm}\n{stamp}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var signature = Convert.ToHexStringLower(Hmac(SigningKey(scope), toSign));

        // What is sent must be what was signed, byte by byte.
        return new Uri($"{endpoint.Scheme}://{host}{path}?{parameters}&X-Amz-Signature={signature}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    private byte[] SigningKey(string scope) => scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secretKey), Hmac);

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}

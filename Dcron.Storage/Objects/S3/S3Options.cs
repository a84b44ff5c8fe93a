using System.Net;

namespace Dcron.Storage.Objects.S3;

/// <summary>A server that speaks S3: AWS S3, Ceph RADOS Gateway, OpenStack Swift (s3api), MinIO. Section <c>Dcron:Objects:S3</c>.</summary>
public sealed class S3Options
{
    /// <summary>Scheme, host and port, such as <c>https://s3.eu-central-1.amazonaws.com</c> or <c>http://10.0.0.5:7480</c>. No path.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>The same for those who are handed links, where they reach the store by another name; the endpoint by default.</summary>
    public string? PublicEndpoint { get; set; }

    /// <summary>Bucket of dcron's own objects. Created where it is missing and the key may.</summary>
    public string Bucket { get; set; } = "dcron";

    public string AccessKey { get; set; } = "";

    public string SecretKey { get; set; } = "";

    /// <summary>What requests are signed for, and where a new bucket is made. AWS wants its own; others mostly take any.</summary>
    public string Region { get; set; } = "us-east-1";

    /// <summary>True: <c>https://host/bucket/key</c>. False: <c>https://bucket.host/key</c>.</summary>
    public bool PathStyle { get; set; } = true;

    /// <summary>How long the store may take to answer, or not move a byte, before it counts as out of reach, 1 to 3,600. Not a limit on a whole transfer.</summary>
    public int TimeoutSeconds { get; set; } = 30;

    /// <returns>A sentence for each setting that is wrong.</returns>
    internal IEnumerable<string> Mistakes()
    {
        const string section = "Dcron:Objects:S3";
        if (EndpointMistake(Endpoint) is { } mistake)
        {
            yield return $"{section}:Endpoint {mistake}; give scheme, host and port alone, such as https://s3.eu-central-1.amazonaws.com or http://10.0.0.5:7480.";
        }
        else if (!PathStyle && IsAddress(Endpoint))
        {
            yield return $"{section}:PathStyle is false, but no bucket's name can be put before the IP address '{Endpoint}'; set it to true or name the host.";
        }

        if (PublicEndpoint is not null && EndpointMistake(PublicEndpoint) is { } publicMistake)
        {
            yield return $"{section}:PublicEndpoint {publicMistake}; give scheme, host and port alone, such as https://files.example.com.";
        }
        else if (!PathStyle && PublicEndpoint is not null && IsAddress(PublicEndpoint))
        {
            yield return $"{section}:PathStyle is false, but no bucket's name can be put before the IP address '{PublicEndpoint}'; set it to true or name the host.";
        }

        if (!ObjectLocation.TryParse($"s3://{Bucket}/key", out var parsed, out var reason) || parsed.Bucket != Bucket)
        {
            yield return $"{section}:Bucket '{Bucket}' is no bucket's name: {reason ?? "it contains a slash"}.";
        }
        else if (!PathStyle && Bucket.Contains('.', StringComparison.Ordinal) && Endpoint.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            yield return $"{section}:Bucket '{Bucket}' has a dot, so that no wildcard certificate covers its host; set PathStyle to true or choose another bucket.";
        }

        if (AccessKey.Length == 0 || AccessKey.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            yield return $"{section}:AccessKey {(AccessKey.Length == 0 ? "is missing" : "contains white space")}; it is the id of a key that the store has given out.";
        }

        if (SecretKey.Length == 0 || SecretKey.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            yield return $"{section}:SecretKey {(SecretKey.Length == 0 ? "is missing" : "contains white space")}; set it in the environment (Dcron__Objects__S3__SecretKey) or in a file that only dcron's user can read.";
        }

        if (Region.Length is 0 or > 64 || !Region.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            yield return $"{section}:Region '{Region}' is no region; give one such as eu-central-1, or leave it out for us-east-1.";
        }

        if (TimeoutSeconds is < 1 or > 3600)
        {
            yield return $"{section}:TimeoutSeconds is {TimeoutSeconds}; it must be 1 to 3600.";
        }
    }

    private static bool IsAddress(string endpoint) => IPAddress.TryParse(new Uri(endpoint).DnsSafeHost, out _);

    private static string? EndpointMistake(string text) => text.Length == 0
        ? "is missing"
        : !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            ? $"'{text}' is no http or https address"
            : uri.UserInfo.Length > 0
                ? "holds a name or password, which belong into AccessKey and SecretKey"
                : uri.PathAndQuery is not "/" || uri.Fragment.Length > 0 ? $"'{text}' has more than scheme, host and port" : null;
}

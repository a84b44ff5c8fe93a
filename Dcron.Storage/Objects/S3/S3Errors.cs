using System.Globalization;
using System.Net;
using System.Xml;
using System.Xml.Linq;

namespace Dcron.Storage.Objects.S3;

/// <summary>What a store said that is neither a success nor a plain "not there": its status, and the code of its error document where it sent one.</summary>
internal sealed record S3Refusal(HttpStatusCode Status, string? Code, string? BucketRegion, DateTimeOffset? ServerTime);

/// <summary>Turns what goes wrong with an S3 store into one sentence that names the reason and the way out. Never with a key, a signature or a query.</summary>
internal static class S3Errors
{
    private const int MaxDocument = 64 * 1024;

    // Stores refuse what was signed more than fifteen minutes ago, by their clock.
    private static readonly TimeSpan NotableSkew = TimeSpan.FromMinutes(14);

    public static ObjectStoreUnavailableException Unreachable(Uri endpoint, Exception error) => new(
        $"The object store at {Name(endpoint)} can't be reached: {ConnectionTrouble.Reason(error, "Dcron:Objects:S3:Endpoint")}.", error);

    public static ObjectStoreUnavailableException TimedOut(Uri endpoint, TimeSpan timeout, Exception? error = null) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The object store at {Name(endpoint)} can't be reached: it neither answered nor moved a byte within {timeout.TotalSeconds:0.###} s; see how it and the network are, or raise Dcron:Objects:S3:TimeoutSeconds."),
        error);

    public static ObjectStoreUnavailableException Malformed(Uri endpoint, string what, Exception? error = null) => new(
        $"The object store at {Name(endpoint)} answered what no S3 store answers ({what.ReplaceLineEndings(" ")}); see that Dcron:Objects:S3:Endpoint is its S3 address.", error);

    public static ObjectStoreUnavailableException Refused(Uri endpoint, string bucket, S3Refusal refusal, DateTimeOffset now)
    {
        var skew = now - refusal.ServerTime;
        var (what, wayOut) = refusal switch
        {
            { Code: "RequestTimeTooSkewed" } or { Status: HttpStatusCode.Forbidden } when skew?.Duration() > NotableSkew || refusal.Code == "RequestTimeTooSkewed" => (
                $"refused the request because the clocks differ{Skew(skew)}", "set this machine's clock right, and the store's"),
            { Code: "InvalidAccessKeyId" } => ("does not know the access key", "set Dcron:Objects:S3:AccessKey to one of its keys"),
            { Code: "SignatureDoesNotMatch" } => (
                "refused the signature: the secret key, or the region, is not the right one", "see Dcron:Objects:S3:SecretKey and Region"),
            { Code: "AuthorizationHeaderMalformed" or "PermanentRedirect" or "TemporaryRedirect" or "IllegalLocationConstraintException" or "InvalidLocationConstraint" or "AuthorizationQueryParametersError" }
                or { Status: HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect } or { Status: HttpStatusCode.BadRequest, BucketRegion: not null } => (
                $"has bucket '{bucket}' in another region", $"set Dcron:Objects:S3:Region{(refusal.BucketRegion is { } right ? $" to {right}" : "")} and the Endpoint that belongs to it"),
            { Code: "NoSuchBucket" } or { Status: HttpStatusCode.NotFound } => (
                $"has no bucket '{bucket}'",
                "create it, or restart the node, which does that where its key may; if it is there, see that Dcron:Objects:S3:Endpoint and PathStyle are as the store wants them"),
            { Code: "BucketAlreadyExists" } => ($"has a bucket '{bucket}' that belongs to somebody else", "choose another name for Dcron:Objects:S3:Bucket"),
            { Code: "QuotaExceeded" or "InsufficientStorage" } or { Status: HttpStatusCode.InsufficientStorage } => (
                "is full, or its quota is used up", "free some space and dcron goes on by itself"),
            { Code: "EntityTooLarge" } or { Status: HttpStatusCode.RequestEntityTooLarge } => (
                "takes no object of that size", "lower Dcron:Worker:LogLimitBytes, or raise its limit"),
            { Status: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } => (
                $"refuses access to bucket '{bucket}'", "see that Dcron:Objects:S3:AccessKey and SecretKey are right, and that the key may list, read, write and delete there"),
            { Status: >= HttpStatusCode.InternalServerError } => ("is in trouble", "see its own log; dcron goes on by itself once it answers"),
            _ => ("did not take the request", "see that Dcron:Objects:S3:Endpoint is its S3 address"),
        };
        return new ObjectStoreUnavailableException($"The object store at {Name(endpoint)} {what}; {wayOut} (status {(int)refusal.Status}{(refusal.Code is null ? "" : $", {refusal.Code}")}).");
    }

    /// <summary>Reads what was said, as far as it can be read.</summary>
    public static async Task<S3Refusal> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        XElement? document = null;
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxDocument, cancellationToken).ConfigureAwait(false);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, Async = true });
                document = (await XDocument.LoadAsync(reader, LoadOptions.None, cancellationToken).ConfigureAwait(false)).Root;
            }
        }
        catch (Exception e) when (e is XmlException or HttpRequestException or IOException)
        {
            // The status says enough.
        }

        return new S3Refusal(response.StatusCode, Text("Code"), Header("x-amz-bucket-region") ?? Text("Region"), response.Headers.Date);

        string? Text(string name) => Word(document?.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value);

        string? Header(string name) => response.Headers.TryGetValues(name, out var values) ? Word(values.FirstOrDefault()) : null;

        // It goes into logs: whoever answers there must not write lines of their own into them.
        static string? Word(string? text) => text is { Length: > 0 and <= 100 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text : null;
    }

    public static string Name(Uri endpoint) => endpoint.GetLeftPart(UriPartial.Authority);

    private static string Skew(TimeSpan? skew) => skew is { } known && known.Duration() > TimeSpan.FromSeconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $" by {known.Duration().TotalMinutes:0.#} minutes (this machine is {(known > TimeSpan.Zero ? "ahead" : "behind")})")
        : "";
}

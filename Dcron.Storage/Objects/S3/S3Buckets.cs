using System.Globalization;
using System.Runtime.CompilerServices;
using System.Xml;
using Minio;
using Minio.DataModel;
using Minio.DataModel.Args;
using Minio.Exceptions;

namespace Dcron.Storage.Objects.S3;

/// <summary>Buckets as a whole, by Minio: making, checking, listing.</summary>
internal sealed class S3Buckets : IDisposable
{
    private readonly Uri _endpoint;
    private readonly string _region;
    private readonly HttpClient _client;
    private readonly IMinioClient _minio;

    public S3Buckets(S3Options options, S3Http http, S3Signer signer)
    {
        (_endpoint, _region) = (http.Endpoint, options.Region);
        _client = new HttpClient(new MinioDoor(http, signer, options.PathStyle));
        _minio = new MinioClient()
            .WithEndpoint(_endpoint)
            .WithSSL(_endpoint.Scheme == Uri.UriSchemeHttps)
            .WithCredentials(options.AccessKey, options.SecretKey)
            .WithRegion(options.Region)
            .WithHttpClient(_client)
            .Build();
    }

    /// <summary>Creates it where it is missing. Others may do the same at the same time.</summary>
    public async Task EnsureAsync(string bucket, CancellationToken cancellationToken)
    {
        if (await IsThereAsync(bucket, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            // Without a location, Minio 7.0.0 would from now on sign for us-east-1.
            await _minio.MakeBucketAsync(new MakeBucketArgs().WithBucket(bucket).WithLocation(_region), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ObjectStoreUnavailableException or MinioException)
        {
            // Another node may just have made it; stores differ in how they say so.
            if (!await IsThereAsync(bucket, cancellationToken).ConfigureAwait(false))
            {
                throw e as ObjectStoreUnavailableException ?? S3Errors.Malformed(_endpoint, e.Message, e);
            }
        }
    }

    /// <summary>Nothing where there is no such bucket.</summary>
    public async IAsyncEnumerable<ObjectStat> ListAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = Items(bucket, prefix, cancellationToken);
        await using (items.ConfigureAwait(false))
        {
            while (await MoveNextAsync(items).ConfigureAwait(false))
            {
                if (items.Current is { IsDir: false } item && ObjectLocation.TryParse($"s3://{bucket}/{item.Key}", out var location, out _))
                {
                    yield return new ObjectStat(location, (long)item.Size, TimeOf(item), (item.ETag ?? "").Trim('"'));
                }
            }
        }
    }

    public void Dispose()
    {
        _minio.Dispose();
        _client.Dispose();
    }

    // A listing rather than a HEAD: a refusal of that has no body, and so does not say why.
    private async Task<bool> IsThereAsync(string bucket, CancellationToken cancellationToken)
    {
        var items = Items(bucket, ".dcron/", cancellationToken);
        await using (items.ConfigureAwait(false))
        {
            return await Guarded(async () =>
            {
                try
                {
                    await items.MoveNextAsync().ConfigureAwait(false);
                    return true;
                }
                catch (BucketNotFoundException)
                {
                    return false;
                }
            }).ConfigureAwait(false);
        }
    }

    private IAsyncEnumerator<Item> Items(string bucket, string prefix, CancellationToken cancellationToken) =>
        _minio.ListObjectsEnumAsync(new ListObjectsArgs().WithBucket(bucket).WithPrefix(prefix).WithRecursive(true), cancellationToken).GetAsyncEnumerator(cancellationToken);

    private Task<bool> MoveNextAsync(IAsyncEnumerator<Item> items) => Guarded(async () =>
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (BucketNotFoundException)
        {
            return false;
        }
    });

    // What MinioDoor throws passes; what Minio itself throws is about an answer that it could not read.
    private async Task<T> Guarded<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception e) when (e is MinioException or XmlException or FormatException or NullReferenceException or InvalidOperationException)
        {
            throw S3Errors.Malformed(_endpoint, e.Message, e);
        }
    }

    /// <summary>In whole seconds, as a stat tells it.</summary>
    private static DateTimeOffset TimeOf(Item item)
    {
        var time = DateTimeOffset.Parse(item.LastModified, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
    }
}

using Dcron.Storage.Objects.S3;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Storage.Objects.S3;

public sealed class S3SignerTests
{
    // docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html: the key, the request and the signature of its example.
    [Fact]
    public void The_example_of_AWS_is_signed_as_AWS_signs_it()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero));
        var signer = new S3Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", pathStyle: false, time);

        var url = signer.Sign(HttpMethod.Get, new Uri("https://s3.amazonaws.com"), "examplebucket", "test.txt", [], TimeSpan.FromSeconds(86400));

        Assert.Equal(
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
            + "&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            url.AbsoluteUri);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(604_801)]
    public void A_lifetime_that_no_server_takes_is_refused(int seconds)
    {
        var signer = new S3Signer("key", "secret", "us-east-1", pathStyle: true, TimeProvider.System);

        Assert.Throws<ArgumentOutOfRangeException>(() => signer.Sign(HttpMethod.Get, new Uri("https://s3.test"), "bucket", "key", [], TimeSpan.FromSeconds(seconds)));
    }
}

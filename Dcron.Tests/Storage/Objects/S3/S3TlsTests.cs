using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.S3;

namespace Dcron.Tests.Storage.Objects.S3;

/// <summary>An endpoint with https: nothing is said to a server that cannot prove who it is.</summary>
public sealed class S3TlsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_certificate_that_nobody_trusts_is_told_and_nothing_is_sent_to_it()
    {
        using var certificate = SelfSigned();
        using var listener = Listen();
        var serving = ServeAsync(listener, certificate);

        var error = await RefusalAsync(listener);

        Assert.Contains("no secure connection came about", error.Message, StringComparison.Ordinal);
        Assert.Contains("its certificate is valid for the name and trusted by this machine", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await serving.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_is_told()
    {
        using var listener = Listen();
        var serving = ServeAsync(listener, null);

        var error = await RefusalAsync(listener);

        Assert.Contains("no secure connection came about; see that it speaks https there", error.Message, StringComparison.Ordinal);
        await serving.WaitAsync(Patience);
    }

    private static async Task<ObjectStoreUnavailableException> RefusalAsync(TcpListener listener)
    {
        var options = new S3Options { Endpoint = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", AccessKey = "key", SecretKey = "secret" };
        using var store = new S3ObjectStore(options, TimeProvider.System);
        return await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await store.PutAsync(ObjectLocation.Of("dcron", "x"), new byte[1], "text/plain")).WaitAsync(Patience);
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    /// <returns>How many bytes of a request came.</returns>
    private static async Task<int> ServeAsync(TcpListener listener, X509Certificate2? certificate)
    {
        using var client = await listener.AcceptTcpClientAsync();
        if (certificate is null)
        {
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
            return 0;
        }

        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            return await tls.ReadAsync(new byte[1024]);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return 0; // the client has left
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}

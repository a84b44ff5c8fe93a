using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Dcron.Api;
using Dcron.Grains;
using Dcron.Storage;
using Dcron.Tests.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Tests.Security;

public sealed class ClusterTlsTests : IDisposable
{
    private readonly Authority _ours = new();
    private readonly Authority _foreign = new();

    public void Dispose()
    {
        _ours.Dispose();
        _foreign.Dispose();
    }

    [Fact]
    public async Task Nobody_speaks_with_a_silo_or_its_gateway_without_a_certificate_of_the_cluster_s_authority()
    {
        var (siloPort, gatewayPort) = (Ports.Free(), Ports.Free());
        await using var node = await ApiNode.StartAsync(
            [.. _ours.ClusterSettings(), "--Dcron:Cluster:SiloPort", $"{siloPort}", "--Dcron:Cluster:GatewayPort", $"{gatewayPort}"]);
        var ours = Certificate(_ours.Sign());
        foreach (var port in new[] { siloPort, gatewayPort })
        {
            Assert.True(await IsClosedAsync(port, null), $"{port}: no certificate");
            Assert.True(await IsClosedAsync(port, Certificate(_foreign.Sign())), $"{port}: another authority's");
            Assert.True(await IsClosedAsync(port, Certificate(_ours.Sign(TimeSpan.FromHours(-1)))), $"{port}: out of date");
            Assert.True(await IsClosedInTheClearAsync(port), $"{port}: no TLS");
            Assert.True(await IsOpenAsync(port, ours), $"{port}: ours");
        }

        // A front-end with one works, and so does a second silo.
        await using var frontEnd = await FrontEndAsync(node.DataPath, _ours.ClusterSettings());
        using var http = new HttpClient();
        var address = frontEnd.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Assert.Contains("worker_id", await http.GetStringAsync(new Uri(address + "/api/v1/workers")), StringComparison.Ordinal);
        await using var second = await ApiNode.StartAsync([.. _ours.ClusterSettings(), "--Dcron:DataPath", node.DataPath]);
        using var api = second.Client();
        await api.UntilAsync("workers", reply => reply.Status == 200 && reply.Json.AsArray().Count == 2);
    }

    [Theory]
    [InlineData("10.1.2.3", new string[0], "Dcron:Cluster:AllowUnencrypted")]
    [InlineData("127.0.0.1", new[] { "--Dcron:Cluster:Tls:Certificate", "/none.pem" }, "Dcron:Cluster:Tls:Key is not set")]
    [InlineData("127.0.0.1", new[] { "--Dcron:Cluster:Tls:Certificate", "/none.pem", "--Dcron:Cluster:Tls:Key", "/none.key", "--Dcron:Cluster:Tls:TrustedCa", "/none.ca" }, "can't be used")]
    public async Task A_silo_that_others_could_misuse_does_not_start(string address, string[] settings, string says)
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => ApiNode.StartAsync(["--Dcron:Cluster:AdvertisedAddress", address, .. settings]));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    private static X509Certificate2 Certificate((string Certificate, string Key) files) =>
        X509CertificateLoader.LoadPkcs12(X509Certificate2.CreateFromPemFile(files.Certificate, files.Key).Export(X509ContentType.Pfx), null);

    private static async Task<WebApplication> FrontEndAsync(string dataPath, string[] settings)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0", "--Dcron:DataPath", dataPath, .. settings]);
        builder.Logging.ClearProviders();
        builder.AddDcronStorage();
        builder.AddDcronRecords();
        builder.AddDcronClient();
        builder.AddDcronApi();
        var app = builder.Build();
        app.MapDcronApi();
        await app.StartAsync();
        return app;
    }

    /// <summary>Shakes hands, and then waits for the server to hang up, which with TLS 1.3 is how it refuses a client's certificate.</summary>
    private static async Task<bool> IsClosedAsync(int port, X509Certificate2? certificate)
    {
        try
        {
            await using var stream = await ShakeHandsAsync(port, certificate);
            return await stream.ReadAsync(new byte[1]) == 0;
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return true;
        }
    }

    private static async Task<bool> IsClosedInTheClearAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(new byte[64]);
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>A member is not hung up on: the server waits for what it has to say.</summary>
    private static async Task<bool> IsOpenAsync(int port, X509Certificate2 certificate)
    {
        await using var stream = await ShakeHandsAsync(port, certificate);
        await stream.WriteAsync(new byte[1]);
        await stream.FlushAsync();
        return stream.IsMutuallyAuthenticated;
    }

    private static async Task<SslStream> ShakeHandsAsync(int port, X509Certificate2? certificate)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
#pragma warning disable CA5359 // whom the client meets is not what is tested
        var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "dcron",
            ClientCertificates = certificate is null ? null : [certificate],
        });
        return stream;
    }
}

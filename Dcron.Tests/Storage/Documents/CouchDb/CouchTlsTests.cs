using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.CouchDb;
using Dcron.Tests.Node;
using Dcron.Tests.Security;

namespace Dcron.Tests.Storage.Documents.CouchDb;

/// <summary>CouchDB behind TLS, as behind a proxy: trusted by the machine's own list of authorities, which <c>SSL_CERT_FILE</c> names; otherwise told and not spoken to.</summary>
public sealed class CouchTlsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Authority _authority = new();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task A_node_whose_machine_trusts_the_authority_works_over_tls()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.AnyAsync());
        await using var front = new TlsFront(couch.Server.Url, _authority.Sign());
        await using var node = Node(couch, front.Url, _authority.CaFile);
        await node.StartAgainAsync();
        await node.RunOnceAsync("python", "pass");
        Assert.True(front.Secured > 0);
    }

    [SkippableFact]
    public async Task A_certificate_that_nobody_trusts_is_told_in_one_sentence_and_no_password_is_sent()
    {
        using var foreign = new Authority();
        await using var couch = await CouchFixture.OnAsync(CouchServer.AnyAsync());
        await using var front = new TlsFront(couch.Server.Url, foreign.Sign());
        await using var node = Node(couch, front.Url, _authority.CaFile);
        node.Launch();
        for (var tries = 0; !node.Output.Contains("Waiting for the stores: ", StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 1200, node.Output);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        Assert.Contains(
            $"The document store at {front.Url.GetLeftPart(UriPartial.Authority)} can't be reached: no secure connection came about; see that it speaks https there, and that its certificate is valid for the name and trusted by this machine",
            node.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", node.Output, StringComparison.Ordinal);
        Assert.Equal(0, front.Secured);
    }

    private NodeProcess Node(CouchFixture couch, Uri url, string trusted)
    {
        var options = couch.Server.Options(url);
        return new NodeProcess(
            _folder.Of("data"),
            "--Dcron:Documents:Provider", "CouchDb",
            "--Dcron:Documents:CouchDb:Url", options.Url,
            "--Dcron:Documents:CouchDb:Username", options.Username,
            "--Dcron:Documents:CouchDb:Password", options.Password,
            "--Dcron:Documents:CouchDb:Database", couch.Options.Database)
        {
            Variables = new Dictionary<string, string> { ["SSL_CERT_FILE"] = trusted },
        };
    }

    /// <summary>Speaks TLS and passes on what is in it.</summary>
    private sealed class TlsFront : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();
        private readonly X509Certificate2 _certificate;
        private readonly Uri _target;
        private readonly Task _accepting;
        private int _secured;

        public TlsFront(Uri target, (string Certificate, string Key) files)
        {
            (_target, _certificate) = (target, X509Certificate2.CreateFromPemFile(files.Certificate, files.Key));
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public Uri Url => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

        /// <summary>Connections over which a request came.</summary>
        public int Secured => Volatile.Read(ref _secured);

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            _listener.Stop();
            await _accepting;
            _certificate.Dispose();
            _end.Dispose();
        }

        private async Task AcceptAsync()
        {
            var serving = new List<Task>();
            try
            {
                while (true)
                {
                    serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(serving);
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using (client)
            using (var server = new TcpClient())
            using (var over = CancellationTokenSource.CreateLinkedTokenSource(_end.Token))
            {
                try
                {
                    await using var tls = new SslStream(client.GetStream());
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, over.Token);
                    await server.ConnectAsync(_target.Host, _target.Port, over.Token);
                    var first = new byte[16 * 1024];
                    if (await tls.ReadAsync(first, over.Token) is > 0 and var read)
                    {
                        Interlocked.Increment(ref _secured);
                        await server.GetStream().WriteAsync(first.AsMemory(0, read), over.Token);
                        await await Task.WhenAny(tls.CopyToAsync(server.GetStream(), over.Token), server.GetStream().CopyToAsync(tls, over.Token));
                    }
                }
                catch (Exception e) when (e is IOException or AuthenticationException or SocketException or OperationCanceledException)
                {
                    // the other side has left
                }
                finally
                {
                    await over.CancelAsync();
                }
            }
        }
    }
}

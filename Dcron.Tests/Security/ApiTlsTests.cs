using Dcron.Tests.Api;
using Dcron.Tests.Cli;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Tests.Security;

/// <summary>The API over TLS as docs/security.md sets it up, with the CLI as its client.</summary>
public sealed class ApiTlsTests : IAsyncLifetime
{
    private readonly Authority _ours = new();
    private readonly Authority _foreign = new();
    private ApiNode _node = null!;
    private int _port;

    public async Task InitializeAsync()
    {
        var (certificate, key) = _ours.Sign();
        _node = await ApiNode.StartAsync(
            "--Kestrel:Endpoints:Plain:Url", "http://127.0.0.1:0", "--Kestrel:Endpoints:Api:Url", "https://127.0.0.1:0",
            "--Kestrel:Endpoints:Api:Certificate:Path", certificate, "--Kestrel:Endpoints:Api:Certificate:KeyPath", key);
        var addresses = _node.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        _port = new Uri(Assert.Single(addresses, address => address.StartsWith("https:", StringComparison.Ordinal))).Port;
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        _ours.Dispose();
        _foreign.Dispose();
    }

    [Fact]
    public async Task The_CLI_works_with_a_node_whose_authority_it_is_given()
    {
        var listed = await DcronAsync("localhost", _ours.CaFile, "workers");
        Assert.Equal((0, ""), (listed.Code, listed.Error));
        Assert.Contains("active", listed.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await DcronAsync("127.0.0.1", _ours.CaFile, "job", "list")).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_refuses_one_that_it_can_t_trust_at_once_and_says_the_way_out(bool knowsAnother)
    {
        var refused = await DcronAsync("localhost", knowsAnother ? _foreign.CaFile : null, "workers");
        Assert.Equal((3, ""), (refused.Code, refused.Out));
        Assert.StartsWith($"dcron: https://localhost:{_port} could not prove that it is the server you mean: ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("SSL_CERT_FILE", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("trying", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_refuses_a_server_that_speaks_no_TLS()
    {
        var refused = await DcronProcess.RunAsync($"https://127.0.0.1:{_node.Address.Port}", null, "workers");
        Assert.Equal(3, refused.Code);
        Assert.Contains("could not prove", refused.Error, StringComparison.Ordinal);
    }

    private Task<CliRun> DcronAsync(string host, string? authority, params string[] args) => DcronProcess.RunAsync(
        $"https://{host}:{_port}", authority is null ? null : new Dictionary<string, string> { ["SSL_CERT_FILE"] = authority }, args);
}

using Dcron.Api.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Dcron.Tests.Api;

public sealed class BindingTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://127.8.9.1:5080/", true)]
    [InlineData("https://localhost:5080", true)]
    [InlineData("http://[::1]:0", true)]
    [InlineData("http://[::ffff:127.0.0.1]:0", true)]
    [InlineData("http://unix:/run/dcron.sock", true)]
    [InlineData("http://*:5080", false)]
    [InlineData("http://+:5080", false)]
    [InlineData("http://0.0.0.0:5080", false)]
    [InlineData("http://[::]:5080", false)]
    [InlineData("http://10.0.0.5:5080", false)]
    [InlineData("http://localhost.example.org:5080", false)]
    [InlineData("http://127.0.0.1.example.org:5080", false)]
    [InlineData("nonsense", false)]
    public void Only_this_machines_own_addresses_are_loopback(string address, bool loopback) => Assert.Equal(loopback, Binding.IsLoopback(address));

    [Theory]
    [InlineData("", "urls", "http://a:1;http://b:2", "http://a:1|http://b:2")]
    [InlineData("", "http_ports", "8080;8081", "http://*:8080|http://*:8081")]
    [InlineData("", "https_ports", "8443", "https://*:8443")]
    [InlineData("http://c:3", "urls", "http://a:1", "http://c:3")]
    [InlineData("", "other", "x", "")]
    public void Addresses_are_found_wherever_they_are_configured(string kestrel, string key, string value, string expected)
    {
        var settings = new Dictionary<string, string?> { [key] = value };
        if (kestrel.Length > 0)
            settings["Kestrel:Endpoints:Http:Url"] = kestrel;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        Assert.Equal(expected, string.Join("|", Binding.Configured(configuration)));
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("dcron.localhost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]", true)]
    [InlineData("", true)]
    [InlineData("mine.example.org", true)]
    [InlineData("evil.example.org", false)]
    [InlineData("localhost.evil.org", false)]
    public void Only_names_that_nobody_else_can_point_here_are_own(string host, bool own) => Assert.Equal(own, BrowserGuard.IsOwnName(host, ["mine.example.org"]));

    [Theory]
    [InlineData("GET", "Sec-Fetch-Site", "cross-site", false)]
    [InlineData("POST", "Sec-Fetch-Site", "cross-site", true)]
    [InlineData("POST", "Sec-Fetch-Site", "same-site", true)]
    [InlineData("POST", "Sec-Fetch-Site", "same-origin", false)]
    [InlineData("POST", "Sec-Fetch-Site", "none", false)]
    [InlineData("DELETE", "Origin", "http://evil.org", true)]
    [InlineData("DELETE", "Origin", "null", true)]
    [InlineData("PUT", "Origin", "http://localhost:5080", false)]
    [InlineData("PUT", "Origin", "https://localhost:5080", true)]
    [InlineData("PUT", "X-Other", "x", false)]
    public void A_write_from_another_sites_page_is_foreign(string method, string header, string value, bool foreign)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Scheme, request.Host) = (method, "http", new HostString("localhost:5080"));
        request.Headers[header] = value;
        Assert.Equal(foreign, BrowserGuard.IsForeignWrite(request));
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Tests.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Tests.Security;

/// <summary>An issuer of tokens with the two documents that one must have, and a node that believes it.</summary>
public sealed class Issuer : IAsyncLifetime
{
    private readonly RSA _key = RSA.Create(2048);
    private WebApplication _server = null!;

    public string Authority { get; private set; } = "";

    public ApiNode Node { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapGet("/realms/ops/.well-known/openid-configuration", () => Results.Text(
            new JsonObject { ["issuer"] = Authority, ["jwks_uri"] = Authority + "/keys" }.ToJsonString(), "application/json"));
        _server.MapGet("/realms/ops/keys", () => Results.Text(KeySet(), "application/json"));
        await _server.StartAsync();
        Authority = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/realms/ops";
        Node = await ApiNode.StartAsync(
            "--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey,
            "--Dcron:Api:Oidc:Authority", Authority, "--Dcron:Api:Oidc:Audience", "dcron", "--Dcron:Api:Oidc:NamespaceClaim", "teams");
    }

    public async Task DisposeAsync()
    {
        await Node.DisposeAsync();
        await _server.DisposeAsync();
        _key.Dispose();
    }

    public JsonObject Claims(string role = "dcron-operator", params string[] teams)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new JsonObject
        {
            ["iss"] = Authority, ["aud"] = "dcron", ["sub"] = "u-17", ["preferred_username"] = "ada", ["roles"] = new JsonArray("offline_access", role),
            ["teams"] = new JsonArray([.. teams.Select(team => (JsonNode)team)]), ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
        };
    }

    public string Sign(JsonObject claims, RSA? key = null, string algorithm = "RS256")
    {
        var text = Part(new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = "k1" }.ToJsonString()) + "." + Part(claims.ToJsonString());
        var bytes = Encoding.ASCII.GetBytes(text);
        return text + "." + algorithm switch
        {
            "RS256" => Part((key ?? _key).SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
            "HS256" => Part(HMACSHA256.HashData(_key.ExportRSAPublicKey(), bytes)),
            _ => "",
        };
    }

    private string KeySet()
    {
        var parameters = _key.ExportParameters(false);
        return JsonSerializer.Serialize(new { keys = new[] { new { kty = "RSA", use = "sig", kid = "k1", alg = "RS256", n = Part(parameters.Modulus!), e = Part(parameters.Exponent!) } } });
    }

    private static string Part(string text) => Part(Encoding.UTF8.GetBytes(text));

    private static string Part(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}

public sealed class OidcTests(Issuer issuer) : IClassFixture<Issuer>
{
    [Fact]
    public async Task A_token_of_the_issuer_is_as_good_as_a_key_in_its_namespaces()
    {
        using var ada = issuer.Node.Client(issuer.Sign(issuer.Claims("dcron-operator", "payments")));
        var job = await ada.CreateAsync();
        Assert.Equal("payments", (string?)job["namespace"]);
        (await ada.GetAsync("keys")).Problem(403, "role-too-small");
        (await ada.PutAsync("secrets/x?namespace=default", new { value = "some value" })).Problem(403, "not-your-namespace");
        using var admin = issuer.Node.Client(KeyedNode.AdminKey);
        var record = (await admin.GetAsync($"audit?target=job:{job["job_id"]}")).Ok().Json.AsArray().Single()!;
        Assert.Equal(("oidc:u-17", "ada"), ((string?)record["actor_id"], (string?)record["actor"]));
    }

    [Theory]
    [InlineData("admin")] // the issuer's own
    [InlineData("dcron-root")]
    [InlineData("DCRON-ADMIN")]
    public async Task A_role_that_is_none_here_gives_no_rights(string role)
    {
        using var client = issuer.Node.Client(issuer.Sign(issuer.Claims(role, "*")));
        (await client.GetAsync("jobs")).Problem(403, "role-too-small");
    }

    [Fact]
    public async Task Without_namespaces_in_it_a_token_reaches_none()
    {
        using var client = issuer.Node.Client(issuer.Sign(issuer.Claims("dcron-admin")));
        Assert.Empty((await client.GetAsync("jobs")).Ok().Json.AsArray());
        var location = await client.UploadAsync("print()");
        (await client.PostAsync("jobs", new { time = "@daily", script_type = "python", script_location = location })).Problem(403, "not-your-namespace");
        (await client.PostAsync("keys", new { name = "x", role = "viewer", namespaces = new[] { "*" } })).Problem(403, "not-your-namespace");
    }

    [Theory]
    [InlineData("another audience")]
    [InlineData("another issuer")]
    [InlineData("expired")]
    [InlineData("never expires")]
    [InlineData("another key")]
    [InlineData("no signature")]
    [InlineData("shared secret")] // signed with the public key as if it were a shared secret
    [InlineData("changed")]
    public async Task A_token_that_is_not_right_in_every_part_is_refused(string what)
    {
        using var other = RSA.Create(2048);
        var claims = issuer.Claims("dcron-admin", "*");
        var token = issuer.Sign(claims);
        switch (what)
        {
            case "another audience":
                claims["aud"] = "grafana";
                break;
            case "another issuer":
                claims["iss"] = "https://elsewhere.example.org";
                break;
            case "expired":
                claims["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(-5).ToUnixTimeSeconds();
                break;
            case "never expires":
                claims.Remove("exp");
                break;
        }

        token = what switch
        {
            "another key" => issuer.Sign(claims, other),
            "no signature" => issuer.Sign(claims, algorithm: "none"),
            "shared secret" => issuer.Sign(claims, algorithm: "HS256"),
            "changed" => token[..^6] + (token[^6] == 'A' ? 'B' : 'A') + token[^5..],
            _ => issuer.Sign(claims),
        };
        using var client = issuer.Node.Client(token);
        (await client.GetAsync("jobs")).Problem(401, "key-needed");
    }

    [Fact]
    public async Task Keys_work_beside_tokens()
    {
        using var admin = issuer.Node.Client(KeyedNode.AdminKey);
        (await admin.GetAsync("jobs")).Ok();
    }

    [Theory]
    [InlineData("http://login.example.org", "dcron", "https address")]
    [InlineData("https://login.example.org", "", "Audience is needed")]
    public async Task An_issuer_that_can_t_be_trusted_is_told_at_the_start(string authority, string audience, string says)
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => ApiNode.StartAsync("--Dcron:Api:Oidc:Authority", authority, "--Dcron:Api:Oidc:Audience", audience));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }
}

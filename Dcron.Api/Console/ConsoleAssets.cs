using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;

namespace Dcron.Api.Console;

/// <summary>The console's styles and scripts. They are part of the program; their address bears their hash, so that browsers keep them for good.</summary>
internal static class ConsoleAssets
{
    public const string Root = "/assets";

    private const string Prefix = "console/";

    private static readonly FrozenDictionary<string, Asset> Assets = Read();

    /// <summary>Where a browser finds one of them.</summary>
    /// <exception cref="KeyNotFoundException">There is none of that name.</exception>
    public static string AddressOf(string name) => $"{Root}/{Assets[name].Hash}/{name}";

    public static void Map(IEndpointRouteBuilder app) => app.MapGet(Root + "/{hash}/{name}", Get).AllowAnonymous().ExcludeFromDescription();

    private static IResult Get(HttpContext context, string hash, string name)
    {
        if (!Assets.TryGetValue(name, out var asset))
            return Problems.Problem.NotFound($"There is no '{name}' here.");

        // While a cluster is being upgraded, a page of one version may ask a server of the other: it gets what there is, and asks again next time.
        context.Response.Headers.CacheControl = hash == asset.Hash ? "public, max-age=31536000, immutable" : "no-cache";
        context.Response.Headers.Vary = "Accept-Encoding";
        if (!context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal))
            return Results.Bytes(asset.Content, asset.ContentType);

        context.Response.Headers.ContentEncoding = "br";
        return Results.Bytes(asset.Brotli.Value, asset.ContentType);
    }

    private static FrozenDictionary<string, Asset> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var assets = new Dictionary<string, Asset>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            assets[resource[Prefix.Length..]] = new Asset(
                content,
                Convert.ToHexStringLower(SHA256.HashData(content))[..12],
                Path.GetExtension(resource) switch
                {
                    ".css" => "text/css; charset=utf-8",
                    ".js" => "text/javascript; charset=utf-8",
                    ".svg" => "image/svg+xml",
                    var other => throw new InvalidOperationException($"{resource}: what is '{other}'?"),
                });
        }

        return assets.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private sealed record Asset(byte[] Content, string Hash, string ContentType)
    {
        public Lazy<byte[]> Brotli { get; } = new(() =>
        {
            using var compressed = new MemoryStream();
            using (var brotli = new BrotliStream(compressed, CompressionLevel.Optimal))
                brotli.Write(Content);
            return compressed.ToArray();
        });
    }
}

using Microsoft.Extensions.Options;

namespace Dcron.Grains.Secrets;

/// <summary>Section <c>Dcron:Secrets</c>: the keys that secrets are sealed with. The first seals; all open.</summary>
public sealed class SecretsOptions
{
    public const string Section = "Dcron:Secrets";

    /// <summary>Keys, each as <c>id:key</c> with the key's 32 bytes in base64. Not together with <see cref="KeyFile"/>.</summary>
    public IList<string> Keys { get; } = [];

    /// <summary>A file with one <c>id:key</c> a line, read again when it changes. Null, with no keys either: <c>secrets.key</c> in the data folder, where the documents are there too.</summary>
    public string? KeyFile { get; set; }
}

/// <summary>Says of each wrong setting which it is and what would be right; never a key.</summary>
internal sealed class SecretsOptionsValidator : IValidateOptions<SecretsOptions>
{
    public ValidateOptionsResult Validate(string? name, SecretsOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.KeyFile is not null && options.Keys.Count > 0)
        {
            result.AddError("Dcron:Secrets:Keys and Dcron:Secrets:KeyFile are both set; keep one of them.");
        }

        foreach (var (position, text) in options.Keys.Index())
        {
            if (!SecretKey.TryParse(text, out _, out var reason))
            {
                result.AddError($"Dcron:Secrets:Keys:{position} {reason}.");
            }
        }

        if (options.Keys.Select(text => text.Split(':')[0]).GroupBy(id => id, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            result.AddError($"Dcron:Secrets:Keys has two keys with the id '{twice.Key}'.");
        }

        if (options.KeyFile is { } file)
        {
            try
            {
                SecretKeyRing.Read(file);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
            {
                result.AddError($"Dcron:Secrets:KeyFile can't be used: {exception.Message}");
            }
        }

        return result.Build();
    }
}

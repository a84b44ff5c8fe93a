using System.Text.Json.Serialization;
using Dcron.Grains.Json;

namespace Dcron.Grains.Secrets;

/// <summary>A secret as it is stored: its value sealed, and bound to its namespace, name and version, so that it opens in no other place.</summary>
internal sealed record SecretDocument
{
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    /// <summary>By its name, the default's too: listings go by it.</summary>
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>Counts the values that it had, from 1.</summary>
    public required int Version { get; init; }

    /// <summary>The key that it is sealed with.</summary>
    public required string KeyId { get; init; }

    public required byte[] Sealed { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When this version was set.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Who set it, by name.</summary>
    public required string UpdatedBy { get; init; }

    public static string IdOf(string inNamespace, string name) => $"{inNamespace}/{name}";

    /// <summary>What the sealed value is bound to.</summary>
    public string BoundTo() => FormattableString.Invariant($"dcron secret\n{Namespace}\n{Name}\n{Version}");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(SecretDocument))]
internal sealed partial class SecretJson : JsonSerializerContext;

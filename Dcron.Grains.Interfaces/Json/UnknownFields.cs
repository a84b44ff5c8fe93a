using System.Text.Json;

namespace Dcron.Grains.Json;

/// <summary>
/// How a field that this version does not know travels between processes: as it was written. A document that a later version wrote keeps its fields
/// when this version rewrites it, so that versions can run side by side during an upgrade.
/// </summary>
[GenerateSerializer, Immutable, Alias("dcron.unknown-field")]
internal readonly record struct UnknownField([property: Id(0)] string Json);

[RegisterConverter]
internal sealed class UnknownFieldConverter : IConverter<JsonElement, UnknownField>
{
    public JsonElement ConvertFromSurrogate(in UnknownField surrogate)
    {
        using var document = JsonDocument.Parse(surrogate.Json);
        return document.RootElement.Clone();
    }

    public UnknownField ConvertToSurrogate(in JsonElement value) => new(value.GetRawText());
}

using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Dcron.Storage.Documents;

namespace Dcron.Storage.Orleans;

/// <summary>How grain states become documents.</summary>
public sealed class DocumentGrainStorageOptions
{
    /// <summary>
    /// Knows how states are written; each must become a JSON object. A source-generated context (<c>MyContext.Default</c>) brings its
    /// own options, such as the naming of fields. By default, reflection with .NET's names.
    /// </summary>
    public IJsonTypeInfoResolver TypeInfoResolver { get; set; } = JsonSerializerOptions.Default.TypeInfoResolver!;

    /// <summary>
    /// The collection of each state, by the state's name, with the indexes that it must have. A state that is not named here goes to a collection
    /// of its own name without indexes.
    /// </summary>
    public IDictionary<string, CollectionDefinition> Collections { get; } = new Dictionary<string, CollectionDefinition>(StringComparer.Ordinal);

    internal JsonSerializerOptions ToSerializerOptions() =>
        TypeInfoResolver is JsonSerializerContext context ? context.Options : new JsonSerializerOptions { TypeInfoResolver = TypeInfoResolver };
}

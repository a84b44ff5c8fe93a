using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Orleans.Runtime;

namespace Dcron.Storage.Orleans;

/// <summary>How a grain's state becomes a document, and where it goes.</summary>
internal abstract class StateCodec
{
    public abstract byte[] Write<T>(T state, GrainId grain);

    /// <exception cref="JsonException">The document holds no state.</exception>
    public abstract T Read<T>(ReadOnlyMemory<byte> body);

    public abstract string IdOf(GrainId grain);

    /// <summary>Name of the collection of a state that has no collection of its own by configuration.</summary>
    public abstract string CollectionOf(string stateName);
}

/// <summary>The state is the document, so that its top-level fields can be indexed; the id is the grain's key.</summary>
internal sealed class PlainStates(DocumentGrainStorageOptions options) : StateCodec
{
    private readonly JsonSerializerOptions _json = options.ToSerializerOptions();

    public override byte[] Write<T>(T state, GrainId grain) => JsonSerializer.SerializeToUtf8Bytes(state, TypeOf<T>());

    public override T Read<T>(ReadOnlyMemory<byte> body) => JsonSerializer.Deserialize(body.Span, TypeOf<T>()) ?? throw new JsonException("the document holds no state");

    public override string IdOf(GrainId grain) => grain.Key.ToString()!;

    public override string CollectionOf(string stateName) => stateName;

    private JsonTypeInfo<T?> TypeOf<T>() => (JsonTypeInfo<T?>)_json.GetTypeInfo(typeof(T));
}

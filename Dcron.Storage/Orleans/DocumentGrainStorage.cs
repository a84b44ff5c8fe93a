using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dcron.Storage.Documents;
using Orleans.Runtime;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Dcron.Storage.Orleans;

/// <summary>
/// Grain states as documents: the state is the body, so that its top-level fields can be indexed; the id is the grain's key; the etag is the revision.
/// Grains of different types may share a collection only if their keys differ.
/// </summary>
internal sealed class DocumentGrainStorage(IDocumentStore store, DocumentGrainStorageOptions options, IActivatorProvider activators) : IGrainStorage
{
    private readonly EnsuredCollections _collections = new(store);
    private readonly JsonSerializerOptions _json = options.ToSerializerOptions();

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var document = await store.GetAsync(CollectionOf(stateName).Name, IdOf(grainId), cancellationToken).ConfigureAwait(false);
        if (document is null)
        {
            Forget(grainState);
            return;
        }

        grainState.State = JsonSerializer.Deserialize(document.Body.Span, TypeOf<T>())
            ?? throw new JsonException($"document '{document.Id}' of collection '{CollectionOf(stateName).Name}' holds no state");
        grainState.ETag = document.Revision;
        grainState.RecordExists = true;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var collection = CollectionOf(stateName);
        var id = IdOf(grainId);
        var body = JsonSerializer.SerializeToUtf8Bytes(grainState.State, TypeOf<T>());
        DocumentWrite write = grainState.ETag is { } etag ? new DocumentWrite.Replace(id, etag, body) : new DocumentWrite.Create(id, body);
        if (await _collections.WriteAsync(collection, write, cancellationToken).ConfigureAwait(false) is not WriteResult.Written written)
        {
            throw await InconsistentAsync(collection, id, grainState.ETag, cancellationToken).ConfigureAwait(false);
        }

        grainState.ETag = written.Revision;
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var collection = CollectionOf(stateName);
        var id = IdOf(grainId);
        var cleared = grainState.ETag is { } etag
            ? await _collections.WriteAsync(collection, new DocumentWrite.Delete(id, etag), cancellationToken).ConfigureAwait(false) is WriteResult.Written
            : await store.GetAsync(collection.Name, id, cancellationToken).ConfigureAwait(false) is null;
        if (!cleared)
        {
            throw await InconsistentAsync(collection, id, grainState.ETag, cancellationToken).ConfigureAwait(false);
        }

        Forget(grainState);
    }

    private static string IdOf(GrainId grainId) => grainId.Key.ToString()!;

    private void Forget<T>(IGrainState<T> grainState)
    {
        grainState.ETag = null;
        grainState.RecordExists = false;

        // Not with "new T()": a state may have required members, and yet the runtime wants one before the first write.
        if (typeof(T) is { IsAbstract: false, IsArray: false } && typeof(T) != typeof(string))
        {
            grainState.State = activators.GetActivator<T>().Create();
        }
    }

    private CollectionDefinition CollectionOf(string stateName) =>
        options.Collections.TryGetValue(stateName, out var collection) ? collection : new CollectionDefinition(stateName, []);

    private JsonTypeInfo<T?> TypeOf<T>() => (JsonTypeInfo<T?>)_json.GetTypeInfo(typeof(T));

    private async ValueTask<InconsistentStateException> InconsistentAsync(CollectionDefinition collection, string id, string? etag, CancellationToken cancellationToken)
    {
        var stored = await store.GetAsync(collection.Name, id, cancellationToken).ConfigureAwait(false);
        return new InconsistentStateException(
            $"The state '{id}' in collection '{collection.Name}' was changed by somebody else: it has etag '{stored?.Revision ?? "none"}', this writer knows '{etag ?? "none"}'.",
            stored?.Revision,
            etag);
    }
}

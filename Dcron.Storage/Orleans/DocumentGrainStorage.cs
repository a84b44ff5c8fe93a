using Dcron.Storage.Documents;
using Orleans.Runtime;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Dcron.Storage.Orleans;

/// <summary>
/// Grain states as documents; the etag is the revision. What a document looks like and where it goes says the codec.
/// </summary>
internal sealed class DocumentGrainStorage(
    IDocumentStore store, StateCodec codec, IActivatorProvider activators, IDictionary<string, CollectionDefinition>? collections = null) : IGrainStorage
{
    private readonly EnsuredCollections _collections = new(store);

    /// <summary>The state is the document. Grains of different types may share a collection only if their keys differ.</summary>
    public DocumentGrainStorage(IDocumentStore store, DocumentGrainStorageOptions options, IActivatorProvider activators)
        : this(store, new PlainStates(options), activators, options.Collections)
    {
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var document = await store.GetAsync(CollectionOf(stateName).Name, codec.IdOf(grainId), cancellationToken).ConfigureAwait(false);
        if (document is null)
        {
            Forget(grainState);
            return;
        }

        grainState.State = codec.Read<T>(document.Body);
        grainState.ETag = document.Revision;
        grainState.RecordExists = true;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var collection = CollectionOf(stateName);
        var id = codec.IdOf(grainId);
        var body = codec.Write(grainState.State, grainId);
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
        var id = codec.IdOf(grainId);
        var cleared = grainState.ETag is { } etag
            ? await _collections.WriteAsync(collection, new DocumentWrite.Delete(id, etag), cancellationToken).ConfigureAwait(false) is WriteResult.Written
            : await store.GetAsync(collection.Name, id, cancellationToken).ConfigureAwait(false) is null;
        if (!cleared)
        {
            throw await InconsistentAsync(collection, id, grainState.ETag, cancellationToken).ConfigureAwait(false);
        }

        Forget(grainState);
    }

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
        collections?.TryGetValue(stateName, out var collection) == true ? collection : new CollectionDefinition(codec.CollectionOf(stateName), []);

    private async ValueTask<InconsistentStateException> InconsistentAsync(CollectionDefinition collection, string id, string? etag, CancellationToken cancellationToken)
    {
        var stored = await store.GetAsync(collection.Name, id, cancellationToken).ConfigureAwait(false);
        return new InconsistentStateException(
            $"The state '{id}' in collection '{collection.Name}' was changed by somebody else: it has etag '{stored?.Revision ?? "none"}', this writer knows '{etag ?? "none"}'.",
            stored?.Revision,
            etag);
    }
}

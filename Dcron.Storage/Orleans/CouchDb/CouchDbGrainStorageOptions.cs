using Orleans.Storage;

namespace Dcron.Storage.Orleans.CouchDb;

/// <summary>How grain states are written into CouchDB.</summary>
public sealed class CouchDbGrainStorageOptions : IStorageProviderSerializerOptions
{
    /// <summary>
    /// Turns a state into bytes. Orleans' own by default: the one that is registered for the provider's name, otherwise the host's, which writes JSON.
    /// What is JSON is stored as such, anything else in base 64.
    /// </summary>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;
}

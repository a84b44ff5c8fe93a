using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Cluster;

/// <summary>
/// Waits for the stores and makes their collections and bucket before Orleans starts, which waits for <see cref="Ready"/>; the API listens meanwhile. Indexes come
/// before the first document, since building one over many takes long.
/// </summary>
public sealed partial class StoreStartup : IHostedService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly IDocumentStore _documents;
    private readonly IObjectStore _objects;
    private readonly ExecutionHistory _history;
    private readonly ClusterRecord _cluster;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger<StoreStartup> _logger;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StoreStartup(
        IDocumentStore documents,
        IObjectStore objects,
        ExecutionHistory history,
        ClusterRecord cluster,
        IHostApplicationLifetime lifetime,
        TimeProvider time,
        ILogger<StoreStartup> logger) =>
        (_documents, _objects, _history, _cluster, _lifetime, _time, _logger) = (documents, objects, history, cluster, lifetime, time, logger);

    /// <summary>Completes once the stores are there.</summary>
    public Task Ready => _ready.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!await TryPrepareAsync(cancellationToken))
            {
                await Task.Delay(RetryDelay, _time, cancellationToken);
            }

            _ready.TrySetResult();
        }
        catch (Exception exception)
        {
            _ready.TrySetException(exception); // whoever waits must not do so for ever,
            _lifetime.StopApplication(); // nor what starts beside this, such as a front-end that looks for a silo
            throw;
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> TryPrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _objects.EnsureReadyAsync(cancellationToken);
            await _cluster.CheckAsync(cancellationToken);
            await _documents.EnsureCollectionAsync(JobCollections.JobsDefinition, cancellationToken);
            await _documents.EnsureCollectionAsync(JobCollections.VersionsDefinition, cancellationToken);
            await _documents.EnsureCollectionAsync(JobCollections.NamesDefinition, cancellationToken);
            await _history.PrepareMonthAsync(_time.GetUtcNow(), cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is DocumentStoreUnavailableException or ObjectStoreUnavailableException)
        {
            LogWaiting(_logger, exception.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the stores: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);
}

using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Cluster;

/// <summary>
/// Waits for the stores and makes their collections and bucket before the silo starts. Indexes come before the first document, since building
/// one over many takes long. Registered before Orleans, so that it starts first.
/// </summary>
internal sealed partial class StoreStartup(
    IDocumentStore documents,
    IObjectStore objects,
    ExecutionHistory history,
    TimeProvider time,
    ILogger<StoreStartup> logger) : IHostedService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await objects.EnsureReadyAsync(cancellationToken);
                await documents.EnsureCollectionAsync(JobCollections.JobsDefinition, cancellationToken);
                await documents.EnsureCollectionAsync(JobCollections.VersionsDefinition, cancellationToken);
                await documents.EnsureCollectionAsync(JobCollections.NamesDefinition, cancellationToken);
                await history.PrepareMonthAsync(time.GetUtcNow(), cancellationToken);
                return;
            }
            catch (Exception exception) when (exception is DocumentStoreUnavailableException or ObjectStoreUnavailableException)
            {
                LogWaiting(logger, exception.Message);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the stores: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);
}

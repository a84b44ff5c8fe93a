using Orleans.Runtime;

namespace Dcron.Grains.Cluster;

/// <summary>The silo starts after the stores are there, and tells when it is an active member. All else in the process starts at once.</summary>
internal sealed class SiloStart(StoreStartup stores, AddressCheck address) : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly TaskCompletionSource _active = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the silo is an active member and serves grains; never, when it does not get that far.</summary>
    public Task Active => _active.Task;

    /// <summary>Waits for it; false when the wait was given up.</summary>
    public async Task<bool> IsActiveAsync(CancellationToken cancellationToken)
    {
        await Active.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Active.IsCompletedSuccessfully;
    }

    public void Participate(ISiloLifecycle observer)
    {
        observer.Subscribe(nameof(SiloStart), ServiceLifecycleStage.First, async cancellationToken =>
        {
            await stores.Ready.WaitAsync(cancellationToken);
            await address.CheckAsync(cancellationToken);
        });
        observer.Subscribe(nameof(SiloStart), ServiceLifecycleStage.Last, _ =>
        {
            _active.TrySetResult();
            return Task.CompletedTask;
        });
    }
}

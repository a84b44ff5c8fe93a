using Dcron.Api.Problems;
using Dcron.Grains.Leading;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Orleans.Runtime;

namespace Dcron.Api.Health;

/// <summary>Finds out whether this node can do its work: reach both stores and the cluster, and, in a silo with a worker, whether that reports.</summary>
internal sealed partial class Readiness(
    IDocumentStore documents,
    IObjectStore objects,
    IGrainFactory grains,
    IServiceProvider services,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<Readiness> logger)
{
    private const string Ok = "ok";

    /// <summary>How long an answer may be used again: everybody may ask, and asking must not be a load.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private Task<HealthView>? _latest;
    private long _began;

    public Task<HealthView> AskAsync()
    {
        lock (_gate)
        {
            if (_latest is null || (_latest.IsCompleted && time.GetElapsedTime(_began) > Fresh))
                (_latest, _began) = (LookAsync(), time.GetTimestamp());
            return _latest;
        }
    }

    private async Task<HealthView> LookAsync()
    {
        var looks = new Dictionary<string, Task<string>>
        {
            ["documents"] = Look("documents", async cancel => { await documents.PingAsync(cancel); return Ok; }),
            ["objects"] = Look("objects", async cancel => { await objects.PingAsync(cancel); return Ok; }),
            ["cluster"] = Look("cluster", async _ =>
            {
                if (!lifetime.ApplicationStarted.IsCancellationRequested)
                    return "not joined yet";
                await Leader().GetWorkers();
                return lifetime.ApplicationStopping.IsCancellationRequested ? "leaving" : Ok;
            }),
        };
        if (lifetime.ApplicationStarted.IsCancellationRequested && services.GetService<ILocalSiloDetails>() is { } silo && configuration.GetValue("Dcron:Worker:Enabled", true))
        {
            var id = silo.SiloAddress.ToParsableString();
            looks["worker"] = Look("worker", async _ => (await Leader().GetWorkers()).Any(worker => worker.WorkerId == id) ? Ok : "does not report yet");
        }

        var checks = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (part, look) in looks)
            checks[part] = await look;
        return new HealthView(checks.Values.All(state => state == Ok) ? "ready" : "not_ready", checks);
    }

    // Asked for only once there is a cluster: a front-end that has not reached a silo yet knows no grains.
    private ILeaderGrain Leader() => grains.GetGrain<ILeaderGrain>(0);

    // Anybody may read the answer, so that it names the part and not its address; the log has the rest.
    private async Task<string> Look(string part, Func<CancellationToken, Task<string>> look)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            return await Task.Run(() => look(patience.Token)).WaitAsync(Patience, time);
        }
        catch (Exception e)
        {
            NotReady(logger, part, e.Message);
            return Outage.Of(e) is not null || e is OperationCanceledException ? "out of reach" : "does not work; the node's log says why";
        }
    }

    [LoggerMessage(LogLevel.Warning, "Not ready: {Part}: {Reason}")]
    private static partial void NotReady(ILogger logger, string part, string reason);
}

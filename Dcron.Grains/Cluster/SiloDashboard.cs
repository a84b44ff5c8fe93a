using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;

namespace Dcron.Grains.Cluster;

/// <summary>
/// The Orleans dashboard's part in this silo, held back until somebody looks at it: from then on it has every message of Orleans measured, and all
/// measurements collected each second.
/// </summary>
internal sealed class SiloDashboard(IServiceProvider provider, IReadOnlyList<ServiceDescriptor> services) : IHostedService
{
    private const string Assembly = "Orleans.Dashboard";

    private readonly HeldLifecycle _lifecycle = new();
    private readonly List<IHostedService> _started = [];
    private readonly Lock _gate = new();
    private Task? _start;

    /// <summary>Comes after the dashboard's own registration.</summary>
    public static void HoldBack(IServiceCollection services)
    {
        var held = services.Where(service => service.ServiceType == typeof(IHostedService) && !service.IsKeyedService && IsOfDashboard(service)).ToList();
        held.ForEach(service => services.Remove(service));
        services.AddSingleton(provider => new SiloDashboard(provider, held));
        services.AddHostedService(provider => provider.GetRequiredService<SiloDashboard>());

        // What takes part in the silo's start is registered by a function that does not tell what it makes.
        foreach (var participant in services.Where(service => service.ServiceType == typeof(ILifecycleParticipant<ISiloLifecycle>) && service is { IsKeyedService: false, ImplementationFactory: not null }).ToList())
        {
            services[services.IndexOf(participant)] = ServiceDescriptor.Singleton(provider =>
            {
                var made = (ILifecycleParticipant<ISiloLifecycle>)participant.ImplementationFactory!(provider);
                return IsOfDashboard(made.GetType()) ? new HeldParticipant(made, provider.GetRequiredService<SiloDashboard>()._lifecycle) : made;
            });
        }
    }

    /// <summary>Starts what is held back, once. Comes after the silo's start.</summary>
    public Task LookAtAsync()
    {
        lock (_gate)
        {
            return _start ??= StartAllAsync();
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task start;
        lock (_gate)
        {
            start = _start ??= Task.CompletedTask; // nothing is started any more
        }

        await start.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var service in _started)
        {
            await service.StopAsync(cancellationToken);
        }

        await _lifecycle.StopAsync(cancellationToken);
    }

    private static bool IsOfDashboard(ServiceDescriptor service) => IsOfDashboard(service.ImplementationType ?? service.ImplementationFactory?.Method.DeclaringType);

    private static bool IsOfDashboard(Type? type) => type?.Assembly.GetName().Name == Assembly;

    private async Task StartAllAsync()
    {
        await _lifecycle.StartAsync();
        foreach (var service in services)
        {
            var made = (IHostedService)(service.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, service.ImplementationType!));
            _started.Add(made);
            await made.StartAsync(CancellationToken.None);
        }
    }

    private sealed class HeldParticipant(ILifecycleParticipant<ISiloLifecycle> held, HeldLifecycle lifecycle) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle observer) => held.Participate(lifecycle);
    }

    /// <summary>A silo's start that takes place later.</summary>
    private sealed class HeldLifecycle : ISiloLifecycle
    {
        private readonly List<(int Stage, ILifecycleObserver Observer)> _observers = [];
        private bool _isStarted;

        public int HighestCompletedStage => int.MinValue;

        public int LowestStoppedStage => int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            _observers.Add((stage, observer));
            return Nothing.Instance; // nobody leaves before the end
        }

        public async Task StartAsync()
        {
            _isStarted = true;
            foreach (var (_, observer) in _observers.OrderBy(entry => entry.Stage))
            {
                await observer.OnStart(CancellationToken.None);
            }
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            foreach (var (_, observer) in _isStarted ? _observers.OrderByDescending(entry => entry.Stage) : Enumerable.Empty<(int, ILifecycleObserver)>())
            {
                await observer.OnStop(cancellationToken);
            }
        }
    }

    private sealed class Nothing : IDisposable
    {
        public static readonly Nothing Instance = new();

        public void Dispose()
        {
        }
    }
}

/// <summary>The face of its silo's <see cref="SiloDashboard"/>.</summary>
[SiloPinned]
internal sealed class DashboardStarterGrain(SiloDashboard dashboard) : Grain, IDashboardStarterGrain
{
    public Task Start() => dashboard.LookAtAsync();
}

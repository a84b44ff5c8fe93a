using System.Net;
using System.Reflection;
using Dcron.Grains.Cluster;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Leading;
using Dcron.Grains.Ledger;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Dcron.Grains.Scripts;
using Dcron.Grains.Workers;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Dcron.Storage.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.Timers;

namespace Dcron.Tests.Simulation;

/// <summary>One simulated node: the real grains, worker, spool and outbox; only its processes, clock, network and stores are simulated.</summary>
internal sealed class Silo : IDisposable
{
    private static readonly TimeSpan LeaseRenewal = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Reports = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Audits = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Flushes = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Droppings = TimeSpan.FromSeconds(40);

    private readonly Cluster _cluster;
    private readonly Dictionary<string, Activation> _activations = new(StringComparer.Ordinal);
    private readonly ServiceProvider _services;
    private readonly WorkerService _service;
    private readonly SimulatedLease _lease;
    private readonly SimulatedScripts _scripts;

    public Silo(Cluster cluster, int port, int generation, string spool)
    {
        _cluster = cluster;
        Machine = cluster.World.NewMachine();
        Time = new MachineTime(Machine);
        Address = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), generation);
        WorkerId = Address.ToParsableString();
        _services = Services(spool, generation).BuildServiceProvider();
        _lease = (SimulatedLease)_services.GetRequiredService<ScriptLease>();
        _scripts = (SimulatedScripts)_services.GetRequiredService<ExecutionRunner>();
        _service = ActivatorUtilities.CreateInstance<WorkerService>(_services);
    }

    public Machine Machine { get; }

    public MachineTime Time { get; }

    public SiloAddress Address { get; }

    public string WorkerId { get; }

    /// <summary>The grains that are up here.</summary>
    public IEnumerable<KeyValuePair<string, Activation>> Activations => _activations;

    public void Start()
    {
        var recovery = _services.GetRequiredService<SpoolRecovery>();
        Now(() => recovery.RunAsync(CancellationToken.None));
        Every(LeaseRenewal, RenewAsync);
        Every(Reports, () => _service.TryReportAsync());
        Every(Audits, () => _service.AuditOnceAsync(CancellationToken.None));
        Every(Flushes, () => _services.GetRequiredService<StartRecorder>().TryFlushAsync(CancellationToken.None));
        if (_cluster.KeepsMonths > 0)
        {
            var retention = ActivatorUtilities.CreateInstance<Retention>(_services, _services.GetRequiredService<IOptions<HistoryOptions>>());
            Every(Droppings, () => retention.RunAsync());
        }
    }

    public void Kill()
    {
        Machine.Kill();
        _scripts.EndAll();
        Dispose();
    }

    public void Dispose() => _services.GetRequiredService<Spool>().Dispose();

    public void SawDeath(SiloAddress other) => _services.GetRequiredService<WorkerLiveness>().SiloStatusChangeNotification(other, SiloStatus.Dead);

    public void Handle(Type kind, string key, MethodInfo method, object?[] arguments, Action<object?, Exception?> reply)
    {
        var place = $"{kind.Name}|{key}";
        if (!_activations.TryGetValue(place, out var activation))
        {
            _activations[place] = activation = Activate(kind, key, place);
        }

        activation.Handle(method, arguments, reply);
    }

    public void LetGo(World world)
    {
        foreach (var (place, activation) in _activations.ToList())
        {
            if (place.StartsWith(nameof(IJobGrain), StringComparison.Ordinal) && activation.IsIdle && world.Chance(0.3))
            {
                _activations.Remove(place);
            }
        }
    }

    private Activation Activate(Type kind, string key, string place)
    {
        Task ready = Task.CompletedTask;
        Grain grain;
        if (kind == typeof(IJobGrain))
        {
            var document = new JobInHand(_services.GetRequiredService<IGrainStorage>(), GrainId.Create("job", key), _cluster.Faults);
            grain = ActivatorUtilities.CreateInstance<JobGrain>(_services, (IPersistentState<JobDocument>)document);
            ready = document.ReadStateAsync();
        }
        else
        {
            grain = kind == typeof(ILeaderGrain) ? ActivatorUtilities.CreateInstance<LeaderGrain>(_services)
                : kind == typeof(IWorkerGrain) ? ActivatorUtilities.CreateInstance<WorkerGrain>(_services)
                : ActivatorUtilities.CreateInstance<ExecutionGrain>(_services);
        }

        GrainCalls.Attach(grain, "grain", key, _services, _services.GetRequiredService<IGrainFactory>());
        return new Activation(grain, grain.GetType().IsDefined(typeof(ReentrantAttribute)), ready, () => _activations.Remove(place));
    }

    private Task RenewAsync()
    {
        if (_cluster.IsMember(this))
        {
            _lease.Renew();
        }
        else
        {
            // Orleans ends a process that was declared dead, once it has found that out; what it does until then is what this is about.
            _cluster.World.After(_cluster.World.Between(0, 3_000), Machine, () => _cluster.Kill(this));
        }

        return Task.CompletedTask;
    }

    private void Now(Func<Task> act) => Machine.Add(() => Machine.Here(() => _ = act()));

    private void Every(TimeSpan period, Func<Task> act)
    {
        Now(act);
        _cluster.World.After(period + _cluster.World.Between(0, 200), Machine, () => Every(period, act));
    }

    private ServiceCollection Services(string spool, int generation)
    {
        var services = new ServiceCollection();
        var factory = GrainCalls.Factory(_cluster, Machine, this);
        services.AddSingleton<TimeProvider>(Time);
        services.AddKeyedSingleton<TimeProvider>(DcronClock.Key, Time);
        services.AddSingleton<IDocumentStore>(new MachineStore(Machine, _cluster.Database, _cluster.Faults));
        services.AddSingleton<IObjectStore>(new MachineObjects(Machine, _cluster.Objects, _cluster.Faults));
        services.AddSingleton(factory);
        services.AddSingleton(GrainCalls.Answering<ILocalSiloDetails>((method, _) => method.Name == "get_SiloAddress" ? Address : throw new NotSupportedException(method.Name)));
        services.AddSingleton(GrainCalls.Answering<ISiloStatusOracle>((method, arguments) => method.Name switch
        {
            nameof(ISiloStatusOracle.GetApproximateSiloStatus) => _cluster.StatusOf((SiloAddress)arguments[0]!),
            "get_CurrentStatus" => SiloStatus.Active,
            _ => throw new NotSupportedException(method.Name),
        }));
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddSingleton(Options.Create(new WorkerOptions { Slots = 8, LeaseSeconds = _cluster.Faults.Mutant == Mutant.DoesNotWaitForTheLease ? -5 : 30 }));
        services.AddSingleton<ITimerRegistry>(new MachineTimers(Machine));
        services.AddSingleton(GrainCalls.Answering<IReminderRegistry>((method, _) => method.Name == nameof(IReminderRegistry.RegisterOrUpdateReminder)
            ? Task.FromResult(GrainCalls.Answering<IGrainReminder>((_, _) => "poll"))
            : throw new NotSupportedException(method.Name)));
        services.AddSingleton<IGrainStorage>(provider => new DocumentGrainStorage(
            provider.GetRequiredService<IDocumentStore>(), Storage(), GrainCalls.Answering<Orleans.Serialization.Serializers.IActivatorProvider>((method, _) => Activator.CreateInstance(typeof(Blank<>).MakeGenericType(method.GetGenericArguments())))));
        services.AddSingleton<ExecutionHistory>();
        services.AddSingleton<JobVersions>();
        services.AddSingleton<JobNames>();
        services.AddSingleton<JobStateFactory>();
        services.AddSingleton<OpenLaunches>();
        services.AddSingleton<ScriptPinner>();
        services.AddSingleton(Options.Create(new HistoryOptions { RetentionMonths = _cluster.KeepsMonths }));

        // The leader would look once an hour, on another thread. It is done here, in its stead.
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Retention>(provider, Options.Create(new HistoryOptions { RetentionMonths = 0 })));
        services.AddSingleton<WakeIndex>();
        services.AddSingleton<LostSweep>();
        services.AddSingleton<WorkerLiveness>();
        services.AddSingleton(new Spool(spool, generation));
        services.AddSingleton<OutcomeWriter>();
        services.AddSingleton<StartHistory>();
        services.AddSingleton<StartRecorder>();
        services.AddSingleton(InterpreterCatalog.Of(new Interpreter("sh", "/bin/sh", "1", [], new Dictionary<string, string>())));
        services.AddSingleton<GuardLink>(new SimulatedGuard(Time));
        services.AddSingleton<ScriptLease>(new SimulatedLease(Machine));
        services.AddSingleton<ExecutionRunner>(provider => ActivatorUtilities.CreateInstance<SimulatedScripts>(provider, _cluster, this));
        services.AddSingleton<WorkerNode>();
        services.AddSingleton(new Blank<WorkingFolders>().Create()); // the worker's service asks for them; what is run of it here does not use them
        services.AddSingleton(new Blank<SiloStart>().Create());
        services.AddSingleton(WorkerContainment.OfNothing());
        services.AddSingleton<SpoolRecovery>(provider => ActivatorUtilities.CreateInstance<SimulatedRecovery>(provider, _cluster));
        return services;
    }

    private static DocumentGrainStorageOptions Storage()
    {
        var options = new DocumentGrainStorageOptions { TypeInfoResolver = DcronJson.Default };
        options.Collections[JobCollections.Jobs] = JobCollections.JobsDefinition;
        return options;
    }
}

/// <summary>What Orleans makes of a state that does not exist yet.</summary>
internal sealed class Blank<T> : Orleans.Serialization.Activators.IActivator<T>
{
    public T Create() => (T)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(T));
}

/// <summary>A grain that is up; one call at a time where it is not reentrant.</summary>
internal sealed class Activation(Grain grain, bool isReentrant, Task ready, Action giveUp)
{
    private readonly Queue<Func<Task>> _waiting = new();
    private int _running;
    private bool _isReady;

    public Grain Grain { get; } = grain;

    public bool IsIdle => _running == 0 && _waiting.Count == 0;

    public async void Handle(MethodInfo method, object?[] arguments, Action<object?, Exception?> reply)
    {
        if (!isReentrant && _running > 0)
        {
            _waiting.Enqueue(() => RunAsync(method, arguments, reply));
            return;
        }

        await RunAsync(method, arguments, reply);
        while (!isReentrant && _waiting.TryDequeue(out var next))
        {
            await next();
        }
    }

    private async Task RunAsync(MethodInfo method, object?[] arguments, Action<object?, Exception?> reply)
    {
        _running++;
        object? result = null;
        Exception? failure = null;
        try
        {
            if (!_isReady)
            {
                await ready;
                if (!_isReady)
                {
                    _isReady = true;
                    await Grain.OnActivateAsync(CancellationToken.None);
                }
            }

            var task = (Task)method.Invoke(Grain, arguments)!;
            await task;
            result = GrainCalls.ResultOf(task, method.ReturnType);
        }
        catch (Exception exception)
        {
            failure = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
            if (!_isReady)
            {
                giveUp(); // what it would have been made from could not be read
            }
        }

        _running--;
        reply(result, failure);
    }
}

using System.Collections.Concurrent;
using System.Reflection;
using Dcron.Grains.Jobs;
using Orleans.Runtime;
using Orleans.Timers;

namespace Dcron.Tests.Simulation;

/// <summary>Orleans' own interfaces, as far as grains use them, over the simulated cluster. The grains are the real ones.</summary>
internal static class GrainCalls
{
    private static readonly PropertyInfo Context = typeof(Grain).GetProperty(nameof(Grain.GrainContext))!;
    private static readonly FieldInfo Runtime = typeof(Grain).GetField("<Runtime>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!;
    private static readonly ConcurrentDictionary<Type, PropertyInfo?> Results = new();

    public static IGrainFactory Factory(Cluster cluster, Machine from, Silo? caller) => Answering<IGrainFactory>((method, arguments) =>
    {
        var kind = method.GetGenericArguments()[0];
        var proxy = (Answers)DispatchProxy.Create(kind, typeof(Answers));
        var key = Convert.ToString(arguments[0], System.Globalization.CultureInfo.InvariantCulture)!;
        proxy.Answer = (called, given) => cluster.Call(from, caller, kind, key, called, given);
        return proxy;
    });

    /// <summary>Gives a grain what Orleans gives it when it is activated.</summary>
    public static void Attach(Grain grain, string kind, string key, IServiceProvider services, IGrainFactory factory)
    {
        var id = GrainId.Create(kind, key);
        Context.GetSetMethod(nonPublic: true)!.Invoke(grain, [Answering<IGrainContext>((method, _) => method.Name switch
        {
            "get_GrainId" => id,
            "get_ActivationServices" => services,
            _ => throw new NotSupportedException(method.Name),
        })]);
        Runtime.SetValue(grain, Answering<IGrainRuntime>((method, _) => method.Name switch
        {
            "get_GrainFactory" => factory,
            "get_TimerRegistry" => services.GetService(typeof(ITimerRegistry)),
            "get_ServiceProvider" => services,
            _ => throw new NotSupportedException(method.Name),
        }));
    }

    public static T Answering<T>(Func<MethodInfo, object?[], object?> answer)
        where T : class
    {
        var proxy = DispatchProxy.Create<T, Answers>();
        ((Answers)(object)proxy).Answer = answer;
        return proxy;
    }

    /// <summary>The result of a task of whatever type; null for one without.</summary>
    public static object? ResultOf(Task task, Type declared) => declared == typeof(Task)
        ? null
        : Results.GetOrAdd(declared, type => type.GetProperty("Result"))!.GetValue(task);

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1852", Justification = "Proxies are derived from it when the tests run.")]
    internal class Answers : DispatchProxy
    {
        public Func<MethodInfo, object?[], object?> Answer { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Answer(targetMethod!, args ?? []);
    }
}

/// <summary>Grain timers by the machine's time.</summary>
internal sealed class MachineTimers(Machine machine) : ITimerRegistry
{
    public IGrainTimer RegisterGrainTimer<TState>(IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(machine, () => callback(state, CancellationToken.None));
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public IDisposable RegisterTimer(IGrainContext grainContext, Func<object?, Task> asyncCallback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new NotSupportedException();

    private sealed class GrainTimer(Machine machine, Func<Task> ring) : IGrainTimer
    {
        private long _armed;
        private TimeSpan _period;

        public void Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Arm(dueTime);
        }

        public void Dispose() => _armed++;

        private void Arm(TimeSpan delay)
        {
            var armed = ++_armed;
            if (delay == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            machine.World.After(delay, machine, () =>
            {
                if (armed == _armed)
                {
                    machine.Here(() => RingAsync(armed));
                }
            });
        }

        // The period counts from the end of the callback, as in Orleans.
        private async void RingAsync(long armed)
        {
            try
            {
                await ring();
            }
            finally
            {
                if (armed == _armed && _period > TimeSpan.Zero && _period != Timeout.InfiniteTimeSpan)
                {
                    Arm(_period);
                }
            }
        }
    }
}

/// <summary>A job's document as its grain has it in hand.</summary>
internal sealed class JobInHand(Orleans.Storage.IGrainStorage storage, GrainId id, Faults faults) : IPersistentState<JobDocument>
{
    private readonly GrainState<JobDocument> _state = new();

    public JobDocument State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public Task ReadStateAsync() => storage.ReadStateAsync(JobCollections.Jobs, id, _state);

    public async Task WriteStateAsync()
    {
        _state.State = Mutants.Break(faults.Mutant, _state.State!);
        try
        {
            await storage.WriteStateAsync(JobCollections.Jobs, id, _state);
        }
        catch (Exception) when (faults.Mutant == Mutant.MarksBeforeSaving)
        {
        }
    }

    public Task ClearStateAsync() => storage.ClearStateAsync(JobCollections.Jobs, id, _state);
}

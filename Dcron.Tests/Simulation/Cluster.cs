using System.Reflection;
using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;
using Dcron.Storage.Documents;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Dcron.Tests.Simulation;

/// <summary>Silos, the network between them, and what they know of each other: membership and where each grain is.</summary>
internal sealed class Cluster(World world, Faults faults, string folder, int size, int keepsMonths) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WorkerPatience = TimeSpan.FromSeconds(5);
    private static readonly MethodInfo Reminder = typeof(IRemindable).GetMethod(nameof(IRemindable.ReceiveReminder), [typeof(string), typeof(TickStatus)])!;

    private readonly Silo?[] _silos = new Silo?[size];
    private readonly int[] _generations = new int[size];
    private readonly Dictionary<string, Silo> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<SiloAddress, SiloStatus> _members = [];
    private Machine? _clients;
    public World World { get; } = world;

    public Faults Faults { get; } = faults;

    public MemoryDatabase Database { get; } = new();

    /// <summary>Every process that was ever started, whatever anybody wrote about it.</summary>
    public ProcessLog Processes { get; } = new(world);

    public MemoryObjects Objects { get; } = new();

    /// <summary>Months of history that are kept beside the present one; 0 for all.</summary>
    public int KeepsMonths { get; } = keepsMonths;

    /// <summary>Nothing has power.</summary>
    public bool IsOff { get; private set; }

    public IEnumerable<Silo> Silos => _silos.OfType<Silo>();

    /// <summary>The grains as clients call them.</summary>
    public IGrainFactory Clients => GrainCalls.Factory(this, _clients ??= World.NewMachine(), null);

    public void Start()
    {
        for (var i = 0; i < size; i++)
        {
            StartSilo(i);
        }

        World.After(TimeSpan.FromMinutes(1), null, Remind);
    }

    /// <summary>Every machine loses its power.</summary>
    public void TurnOff()
    {
        IsOff = true;
        foreach (var silo in Silos.ToList())
        {
            Kill(silo);
        }
    }

    public void TurnOn()
    {
        IsOff = false;
        Start();
    }

    /// <summary>The jobs as they are stored.</summary>
    public IEnumerable<JobDocument> AllJobs() =>
        Database.All(JobCollections.Jobs).Select(document => JsonSerializer.Deserialize(document.Body.Span, DcronJson.Default.JobDocument)!);

    /// <summary>The executions as they are stored.</summary>
    public IEnumerable<ExecutionDocument> Executions() => Database.Collections.Where(name => name.StartsWith(JobCollections.ExecutionsPrefix, StringComparison.Ordinal))
        .SelectMany(Database.All).Select(document => JsonSerializer.Deserialize(document.Body.Span, DcronJson.Default.ExecutionDocument)!);

    public SiloStatus StatusOf(SiloAddress address) => _members.GetValueOrDefault(address, SiloStatus.None);

    public bool IsMember(Silo silo) => StatusOf(silo.Address) == SiloStatus.Active;

    /// <summary>kill -9. Its guard ends its scripts at once; somebody starts it again.</summary>
    public void Kill(Silo silo)
    {
        var index = Array.IndexOf(_silos, silo);
        if (index < 0)
        {
            return;
        }

        silo.Kill();
        _silos[index] = null;
        World.Forget(silo.Machine);
        World.After(World.Between(2_000, 20_000), null, () => DeclareDead(silo));
        World.After(World.Between(1_000, 90_000), null, () => StartSilo(index));
    }

    /// <summary>Everything that it would do waits; its guard runs on.</summary>
    public void Pause(Silo silo, TimeSpan length)
    {
        if (silo.Machine.IsPaused || silo.Machine.IsDead)
        {
            return;
        }

        silo.Machine.IsPaused = true;
        var until = World.Now + length;
        var noticed = Faults.Mutant == Mutant.DoesNotWaitForTheLease ? World.Between(500, 2_000) : World.Between(8_000, 25_000);
        World.After(noticed, null, () =>
        {
            if (silo.Machine.IsPaused && World.Now < until)
            {
                DeclareDead(silo);
            }
        });
        World.After(length, null, () => silo.Machine.IsPaused = false);
    }

    public void StartAll()
    {
        foreach (var silo in Silos)
        {
            silo.Machine.IsPaused = false;
            silo.Time.Error = TimeSpan.Zero;
        }
    }

    public void DeclareDead(Silo silo)
    {
        if (_members.GetValueOrDefault(silo.Address) == SiloStatus.Dead)
        {
            return;
        }

        _members[silo.Address] = SiloStatus.Dead;
        foreach (var other in Silos.Where(other => other != silo))
        {
            World.After(World.Between(0, 2_000), other.Machine, () => other.Machine.Here(() => other.SawDeath(silo.Address)));
        }
    }

    /// <summary>A call of a grain; it may get lost, come twice, or find nobody.</summary>
    public object Call(Machine from, Silo? caller, Type kind, string key, MethodInfo method, object?[] arguments)
    {
        if (Faults.Mutant == Mutant.ReplacedRunOn && method.Name == nameof(IExecutionGrain.Cancel))
        {
            return Task.FromResult(true);
        }

        if (Faults.Mutant == Mutant.TakesWhatIsTooLate && arguments is [ExecuteJob launch])
        {
            arguments = [launch with { ClaimBefore = null }];
        }

        var reply = Reply.Of(method.ReturnType);
        var place = $"{kind.Name}|{key}";
        if (method.IsDefined(typeof(OneWayAttribute)))
        {
            reply.Set(null);
        }

        World.After(kind == typeof(IWorkerGrain) ? WorkerPatience : Patience, from, () => reply.Fail(new TimeoutException($"simulated: {method.Name}")));
        var copies = Faults.LosesMessage(World) ? 0 : Faults.RepeatsMessage(World) ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
        {
            World.After(Faults.Latency(World), null, () => Deliver(from, caller, kind, key, place, method, arguments, reply));
        }

        return reply.Task;
    }

    /// <summary>Grains that were idle for long are let go; the next call makes them anew from what is stored.</summary>
    public void LetGo()
    {
        foreach (var silo in Silos)
        {
            silo.LetGo(World);
        }
    }

    public void Dispose()
    {
        foreach (var silo in Silos)
        {
            silo.Dispose();
        }
    }

    private void StartSilo(int index)
    {
        if (_silos[index] is null && !IsOff)
        {
            var silo = new Silo(this, 11111 + index, ++_generations[index], Path.Combine(folder, $"{index}"));
            _silos[index] = silo;
            _members[silo.Address] = SiloStatus.Active;
            silo.Start();
        }
    }

    private void Deliver(Machine from, Silo? caller, Type kind, string key, string place, MethodInfo method, object?[] arguments, Reply reply)
    {
        if (TargetOf(caller, kind, key, place) is not { } silo)
        {
            World.After(Faults.Latency(World), from, () => reply.Fail(new SiloUnavailableException("simulated: there is no such silo any more")));
            return;
        }

        silo.Machine.Add(() => silo.Machine.Here(() => silo.Handle(kind, key, method, arguments, (result, failure) =>
        {
            if (!Faults.LosesMessage(World))
            {
                World.After(Faults.Latency(World), from, () => reply.End(result, failure));
            }
        })));
    }

    private Silo? TargetOf(Silo? caller, Type kind, string key, string place)
    {
        if (kind == typeof(IWorkerGrain) || kind == typeof(IExecutionGrain))
        {
            var worker = ExecutionGrainKey.WorkerIdOf(key);
            return Silos.FirstOrDefault(silo => silo.WorkerId == worker);
        }

        // A silo that does not know that it was declared dead goes on with grains of its own, beside those of the others.
        if (caller is not null && !caller.Machine.IsDead && !IsMember(caller))
        {
            return caller;
        }

        if (_places.TryGetValue(place, out var known) && IsMember(known) && !known.Machine.IsDead)
        {
            return known;
        }

        var members = Silos.Where(IsMember).ToList();
        return members.Count == 0 ? null : _places[place] = members[World.Draw(members.Count)];
    }

    private void Remind()
    {
        if (IsOff)
        {
            return;
        }

        World.After(TimeSpan.FromMinutes(1), null, Remind);
        Call(_clients ??= World.NewMachine(), null, typeof(ILeaderGrain), "0", Reminder, ["poll", default(TickStatus)]);
    }
}

/// <summary>What is told of a call's end to its caller.</summary>
internal abstract class Reply
{
    public abstract object Task { get; }

    public static Reply Of(Type returnType) => returnType == typeof(Task)
        ? new Reply<bool>(isVoid: true)
        : (Reply)Activator.CreateInstance(typeof(Reply<>).MakeGenericType(returnType.GetGenericArguments()), [false])!;

    public abstract void Set(object? result);

    public abstract void Fail(Exception failure);

    public void End(object? result, Exception? failure)
    {
        if (failure is null)
        {
            Set(result);
        }
        else
        {
            Fail(failure);
        }
    }
}

internal sealed class Reply<T>(bool isVoid) : Reply
{
    private readonly TaskCompletionSource<T> _source = new();

    public override object Task => _source.Task;

    public override void Set(object? result) => _source.TrySetResult(isVoid ? default! : (T)result!);

    public override void Fail(Exception failure)
    {
        if (_source.TrySetException(failure))
        {
            _ = _source.Task.Exception; // a caller may not care
        }
    }
}

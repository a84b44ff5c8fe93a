namespace Dcron.Tests.Simulation;

/// <summary>
/// Time and chance of a simulated cluster. One thread runs everything; which of the pieces of work that could come next comes next is drawn from
/// the seed, so that a seed replays exactly.
/// </summary>
internal sealed class World(int seed, DateTimeOffset begin)
{
    private readonly PriorityQueue<(Machine? On, Action Act), (long At, long Order)> _agenda = new();
    private readonly List<Machine> _machines = [];
    private readonly Random _random = new(seed);
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;
    private volatile string? _escape;

    public DateTimeOffset Begin { get; } = begin;

    /// <summary>Ticks since the beginning; a clock that is never set.</summary>
    public long Ticks { get; private set; }

    public DateTimeOffset Now => Begin.AddTicks(Ticks);

    /// <summary>Steps that were taken; a hash of them tells whether two runs were the same.</summary>
    public long Steps { get; private set; }

    public int Trail { get; private set; }

    public int Draw(int count) => _random.Next(count);

    public bool Chance(double probability) => _random.NextDouble() < probability;

    public TimeSpan Between(double fromMilliseconds, double toMilliseconds) =>
        TimeSpan.FromTicks((long)((fromMilliseconds + ((toMilliseconds - fromMilliseconds) * _random.NextDouble())) * TimeSpan.TicksPerMillisecond));

    public Machine NewMachine()
    {
        var machine = new Machine(this);
        _machines.Add(machine);
        return machine;
    }

    public void Forget(Machine machine) => _machines.Remove(machine);

    /// <param name="on">Where it happens: not before the machine goes on if it is paused, and never if it is dead. Null for nowhere in particular.</param>
    public void After(TimeSpan delay, Machine? on, Action act) => _agenda.Enqueue((on, act), (Ticks + Math.Max(0, delay.Ticks), _order++));

    /// <summary>Runs until this instant.</summary>
    public void RunUntil(DateTimeOffset end)
    {
        // What goes on without a context must go on right here: beside another one it would be sent to the thread pool.
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Run(end);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private void Run(DateTimeOffset end)
    {
        while (true)
        {
            if (_escape is not null)
            {
                throw new InvalidOperationException("Something left the simulation's thread; its order would not be the seed's any more.\n" + _escape);
            }

            var ready = _machines.Where(machine => machine.HasWork).ToList();
            if (ready.Count > 0)
            {
                var index = ready.Count == 1 ? 0 : Draw(ready.Count);
                Took(_machines.IndexOf(ready[index]));
                ready[index].Work();
            }
            else if (_agenda.TryPeek(out _, out var when) && Begin.AddTicks(when.At) <= end)
            {
                var (on, act) = _agenda.Dequeue();
                Ticks = Math.Max(Ticks, when.At);
                Took(1000);
                if (on is null)
                {
                    act();
                }
                else
                {
                    on.Add(act);
                }
            }
            else
            {
                Ticks = (end - Begin).Ticks;
                return;
            }
        }
    }

    /// <summary>False for what comes from another thread; the simulation ends with that as its error.</summary>
    public bool IsOwnThread()
    {
        var own = Environment.CurrentManagedThreadId == _thread;
        _escape ??= own ? null : Environment.StackTrace;
        return own;
    }

    private void Took(int what)
    {
        Steps++;
        Trail = unchecked((Trail * 31) + what + (int)(Ticks >> 10));
    }
}

/// <summary>One process of the cluster: its work waits in a queue, which stands still while it is paused and vanishes when it is killed.</summary>
internal sealed class Machine(World world) : SynchronizationContext
{
    private readonly Queue<Action> _work = new();

    public World World { get; } = world;

    public bool IsPaused { get; set; }

    public bool IsDead { get; private set; }

    public bool HasWork => !IsPaused && !IsDead && _work.Count > 0;

    public void Kill()
    {
        IsDead = true;
        _work.Clear();
    }

    public void Add(Action work)
    {
        if (!IsDead)
        {
            _work.Enqueue(work);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (World.IsOwnThread())
        {
            Add(() => Here(() => d(state)));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public void Work() => _work.Dequeue()();

    /// <summary>Runs code as this machine's, so that what it awaits goes on here.</summary>
    public void Here(Action code)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            code();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }
}

/// <summary>A machine's clocks: one that people set, and one that nobody does.</summary>
internal sealed class MachineTime(Machine machine) : TimeProvider
{
    /// <summary>How wrong its clock is.</summary>
    public TimeSpan Error { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => machine.World.Now + Error;

    public override long GetTimestamp() => machine.World.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(machine, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Rings on its machine, outside of anybody's context.</summary>
    private sealed class Timer(Machine machine, Action ring) : ITimer
    {
        private long _armed;
        private TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Arm(dueTime);
            return true;
        }

        public void Dispose() => _armed++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Arm(TimeSpan delay)
        {
            var armed = ++_armed;
            if (delay != Timeout.InfiniteTimeSpan)
            {
                machine.World.After(delay, machine, () =>
                {
                    if (armed == _armed)
                    {
                        if (_period > TimeSpan.Zero)
                        {
                            Arm(_period);
                        }

                        ring();
                    }
                });
            }
        }
    }
}

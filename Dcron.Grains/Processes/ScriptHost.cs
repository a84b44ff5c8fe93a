using System.Collections.Concurrent;
using Dcron.Grains.Processes.Containing;
using Dcron.Grains.Processes.Guarding;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>Runs scripts as subprocesses; one in a silo. Slots, claims and results are the worker's business.</summary>
internal sealed class ScriptHost : IAsyncDisposable
{
    private static readonly TimeSpan BurialPeriod = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, ScriptRun?> _runs = new(StringComparer.Ordinal);
    private readonly ITimer _burial;
    private readonly Lock _burialLock = new();
    private bool _burying;
    private volatile bool _stopping;

    /// <param name="reactor">Shared with the guard's link; not disposed here.</param>
    /// <param name="guard">Ends the scripts if this process dies; null only where nothing may outlive the caller anyway, as in tests.</param>
    /// <param name="time">For timeouts and graces.</param>
    public ScriptHost(ProcessReactor reactor, GuardLink? guard, TimeProvider time)
    {
        (Reactor, Guard, Time) = (reactor, guard, time);
        _burial = time.CreateTimer(_ => BuryOrphans(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal ProcessReactor Reactor { get; }

    internal GuardLink? Guard { get; }

    internal TimeProvider Time { get; }

    internal Orphans Orphans { get; } = new();

    /// <summary>How many scripts run.</summary>
    public int Running => _runs.Count;

    /// <summary>Starts a script. What the system refuses is an answer, not an exception.</summary>
    /// <exception cref="ArgumentException">The execution id is empty or has white space in it, or the environment does not bear it.</exception>
    public ScriptStart Start(ScriptCommand command)
    {
        if (command.ExecutionId.Length == 0 || command.ExecutionId.Any(char.IsWhiteSpace)
            || command.Environment.GetValueOrDefault(ScriptCommand.ExecutionVariable) != command.ExecutionId)
        {
            throw new ArgumentException($"A script needs an execution id without white space, and has to find it in its {ScriptCommand.ExecutionVariable}.", nameof(command));
        }

        if (StartFailure.InWords(command) is { } malformed)
        {
            return new ScriptStart.Failed(malformed);
        }

        if (_stopping)
        {
            return new ScriptStart.Failed("The worker is stopping.");
        }

        if (!_runs.TryAdd(command.ExecutionId, null))
        {
            return new ScriptStart.Failed($"{command.ExecutionId} runs here already.");
        }

        var start = StartProcess(command);
        if (start is ScriptStart.Failed)
        {
            Forget(command.ExecutionId);
        }

        return start;
    }

    /// <summary>Ends every script and waits for the ends, but not for ever: a process that waits for a broken disk can't be ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await _burial.DisposeAsync();
        var runs = _runs.Values.OfType<ScriptRun>().ToList();
        runs.ForEach(run => run.End(EndCause.Stopping));
        var limit = runs.Select(run => run.Grace).Append(TimeSpan.Zero).Max() + TimeSpan.FromSeconds(10);
        var ends = Task.WhenAll(runs.Select(run => (Task)run.Completion));
        await ends.WaitAsync(limit, Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    internal void Forget(string executionId)
    {
        _runs.TryRemove(executionId, out _);
        Guard?.Done(executionId);
    }

    private ScriptStart StartProcess(ScriptCommand command)
    {
        if (SpooledLog.Create(command.LogPath, command.LogLimitBytes, Time, out var log, command.Secrets) is not Errno.None and var logError)
        {
            return new ScriptStart.Failed($"The log could not be created at {command.LogPath}: {logError.Text()}.");
        }

        var start = command.Containment is { Sandbox: { } sandbox } ? StartIn(sandbox, command, log!) : StartFromHere(command, log!);
        if (start is ScriptStart.Failed)
        {
            log!.Dispose();
            File.Delete(log.Path);
        }

        return start;
    }

    private ScriptStart StartIn(WaitingSandbox sandbox, ScriptCommand command, SpooledLog log)
    {
        var refused = StartFailure.TooLarge(command);
        if (refused is null && (Guard is null || Guard.TryAnnounce(command.ExecutionId, out refused)))
        {
            refused = sandbox.Hand(ContainedLaunch.Letter(command, command.Containment!), command.MarksErrors);
        }

        if (refused is not null)
        {
            sandbox.End();
            return new ScriptStart.Failed(refused);
        }

        Guard?.Started(command.ExecutionId, sandbox.Outer.Pid, sandbox.StartTime);
        return Follow(new ScriptRun(this, command, sandbox.Outer, sandbox.Output, log), command);
    }

    private ScriptStart StartFromHere(ScriptCommand command, SpooledLog log)
    {
        if (OutputEnds.Make(command.MarksErrors, out var read, out var write) is not Errno.None and var pipeError)
        {
            return new ScriptStart.Failed($"No pipe could be made for its output: {pipeError.Text()}.");
        }

        var started = Spawn(command, write);
        write.Close();
        if (started is not Spawned.Process { Pid: var pid })
        {
            read.Close();
            return new ScriptStart.Failed(((Spawned.Refused)started).Reason);
        }

        var descriptor = Libc.PidFdOpen(pid);
        if (descriptor < 0)
        {
            var error = Libc.LastError;
            ProcessHandle.Abandon(pid);
            read.Close();
            return new ScriptStart.Failed($"Its process could not be followed: {error.Text()}.");
        }

        Guard?.Started(command.ExecutionId, pid);
        return Follow(new ScriptRun(this, command, new ProcessHandle(pid, descriptor), read, log), command);
    }

    private Spawned Spawn(ScriptCommand command, OutputEnds ends)
    {
        string? refused = null;
        if (Guard is not null && !Guard.TryAnnounce(command.ExecutionId, out refused))
        {
            return new Spawned.Refused(refused!);
        }

        if (command.Containment is { } containment)
        {
            return SpawnContained(command, containment, ends);
        }

        var request = new SpawnRequest(command.Executable, command.Arguments, command.Environment, command.WorkingDirectory, null, ends.Output, Errors: ends.Errors);
        var error = Spawner.Spawn(request, out var pid);
        return error is Errno.None ? new Spawned.Process(pid) : new Spawned.Refused(StartFailure.InWords(command, error));
    }

    // Without a sandbox the process at the hatch is the script's own; it need not be waited for.
    private static Spawned SpawnContained(ScriptCommand command, Containment containment, OutputEnds ends)
    {
        if (containment.User is null && SpawnThread.Unprivileged.Trouble is { } trouble)
        {
            return new Spawned.Refused(trouble);
        }

        if (Hatch.Make(out var hatch, out var theirs) is not Errno.None and var hatchError)
        {
            return new Spawned.Refused($"No socket could be made for its containment: {hatchError.Text()}.");
        }

        var (executable, arguments, environment) = ContainedLaunch.Of(command, containment);
        var request = new SpawnRequest(executable, arguments, environment, command.WorkingDirectory, null, ends.Output, theirs, Errors: ends.Errors);
        var (error, pid) = containment.User is null ? SpawnThread.Unprivileged.Run(() => Begin(request)) : Begin(request);
        _ = Libc.Close(theirs);
        var refused = error is Errno.None ? containment.Group?.Add(pid) ?? ProcessLimits.Apply(pid, containment) : StartFailure.InWords(command, error);
        if (refused is null)
        {
            hatch!.Open();
        }
        else if (error is Errno.None)
        {
            ProcessHandle.Abandon(pid);
        }

        hatch!.Close();
        return refused is null ? new Spawned.Process(pid) : new Spawned.Refused(refused);

        static (Errno Error, int Pid) Begin(SpawnRequest request) => (Spawner.Spawn(request, out var started), started);
    }

    private ScriptStart Follow(ScriptRun run, ScriptCommand command)
    {
        _runs[command.ExecutionId] = run; // before it is watched: its end takes it out again
        if (run.Watch() is not Errno.None and var watchError)
        {
            run.Abandon();
            return new ScriptStart.Failed($"Its process could not be followed: {watchError.Text()}.");
        }

        KeepBurying();
        return new ScriptStart.Started(run);
    }

    // Only while something runs: a timer that ticks for nothing is a good part of what an idle node uses.
    private void KeepBurying()
    {
        lock (_burialLock)
        {
            if (!_burying && !_runs.IsEmpty)
            {
                _burying = _burial.Change(BurialPeriod, BurialPeriod);
            }
        }
    }

    private void BuryOrphans()
    {
        lock (_burialLock)
        {
            if (_runs.IsEmpty)
            {
                _burying = false;
                _burial.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Reactor.Post(Orphans.Bury);
    }

    private abstract record Spawned
    {
        private Spawned()
        {
        }

        public sealed record Process(int Pid) : Spawned;

        public sealed record Refused(string Reason) : Spawned;
    }
}

using System.Collections.Concurrent;
using Dcron.Grains.Processes.Guarding;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>Runs scripts as subprocesses; one in a silo. Slots, claims and results are the worker's business.</summary>
internal sealed class ScriptHost : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ScriptRun?> _runs = new(StringComparer.Ordinal);
    private readonly ITimer _burial;
    private volatile bool _stopping;

    /// <param name="reactor">Shared with the guard's link; not disposed here.</param>
    /// <param name="guard">Ends the scripts if this process dies; null only where nothing may outlive the caller anyway, as in tests.</param>
    /// <param name="time">For timeouts and graces.</param>
    public ScriptHost(ProcessReactor reactor, GuardLink? guard, TimeProvider time)
    {
        (Reactor, Guard, Time) = (reactor, guard, time);
        var second = TimeSpan.FromSeconds(1);
        _burial = time.CreateTimer(_ => BuryOrphans(), null, second, second);
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
        if (SpooledLog.Create(command.LogPath, command.LogLimitBytes, Time, out var log) is not Errno.None and var logError)
        {
            return new ScriptStart.Failed($"The log could not be created at {command.LogPath}: {logError.Text()}.");
        }

        if (Pipes.Make(out var readEnd, out var writeEnd) is not Errno.None and var pipeError)
        {
            Discard(log!);
            return new ScriptStart.Failed($"No pipe could be made for its output: {pipeError.Text()}.");
        }

        Pipes.NeverBlock(readEnd);
        string? refused = null;
        var (error, pid) = (Errno.None, 0);
        if (Guard is null || Guard.TryAnnounce(command.ExecutionId, out refused))
        {
            error = Spawner.Spawn(
                new SpawnRequest(command.Executable, command.Arguments, command.Environment, command.WorkingDirectory, null, writeEnd), out pid);
        }

        _ = Libc.Close(writeEnd);
        if (refused is not null || error is not Errno.None)
        {
            _ = Libc.Close(readEnd);
            Discard(log!);
            return new ScriptStart.Failed(refused ?? StartFailure.InWords(command, error));
        }

        return Follow(command, pid, readEnd, log!);
    }

    private ScriptStart Follow(ScriptCommand command, int pid, int readEnd, SpooledLog log)
    {
        var descriptor = Libc.PidFdOpen(pid);
        if (descriptor < 0)
        {
            var error = Libc.LastError;
            ProcessHandle.Abandon(pid);
            _ = Libc.Close(readEnd);
            Discard(log);
            return new ScriptStart.Failed($"Its process could not be followed: {error.Text()}.");
        }

        Guard?.Started(command.ExecutionId, pid);
        var run = new ScriptRun(this, command, new ProcessHandle(pid, descriptor), readEnd, log);
        _runs[command.ExecutionId] = run; // before it is watched: its end takes it out again
        if (run.Watch() is not Errno.None and var watchError)
        {
            run.Abandon();
            Discard(log);
            return new ScriptStart.Failed($"Its process could not be followed: {watchError.Text()}.");
        }

        return new ScriptStart.Started(run);
    }

    private static void Discard(SpooledLog log)
    {
        log.Dispose();
        File.Delete(log.Path);
    }

    private void BuryOrphans()
    {
        if (!_runs.IsEmpty)
        {
            Reactor.Post(Orphans.Bury);
        }
    }
}

using System.Text;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dcron.Tests.Processes;

/// <summary>A script host over a folder of its own, without a guard unless one is given.</summary>
internal sealed class ProcessBench : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private int _count;

    public ProcessBench(Func<ProcessReactor, GuardLink>? guard = null, TimeProvider? time = null)
    {
        Folder = Directory.CreateTempSubdirectory("dcron-processes-").FullName;
        Reactor = new ProcessReactor(NullLogger<ProcessReactor>.Instance);
        Guard = guard?.Invoke(Reactor);
        Host = new ScriptHost(Reactor, Guard, time ?? TimeProvider.System);
    }

    public string Folder { get; }

    public ProcessReactor Reactor { get; }

    public GuardLink? Guard { get; }

    public ScriptHost Host { get; }

    /// <summary>A command that bash runs.</summary>
    public ScriptCommand Bash(string script, params string[] args) => Command("/bin/bash", ["-c", script, "bash", .. args]);

    /// <summary>A command in a new working folder.</summary>
    public ScriptCommand Command(string executable, params string[] arguments)
    {
        var id = $"test{Guid.NewGuid():N}@20260329T010000Z";
        var folder = Path.Combine(Folder, $"work{Interlocked.Increment(ref _count)}");
        Directory.CreateDirectory(folder);
        return new ScriptCommand
        {
            ExecutionId = id,
            Executable = executable,
            Arguments = arguments,
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", [ScriptCommand.ExecutionVariable] = id },
            WorkingDirectory = folder,
            LogPath = folder + ".log",
            Grace = TimeSpan.FromSeconds(5),
        };
    }

    public ScriptRun Start(ScriptCommand command) => Assert.IsType<ScriptStart.Started>(Host.Start(command)).Run;

    public async Task<(ScriptExit Exit, string Log)> RunAsync(ScriptCommand command)
    {
        var run = Start(command);
        var exit = await run.Completion.WaitAsync(Patience);
        run.Log.Dispose();
        return (exit, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(command.LogPath)));
    }

    /// <summary>Waits until the log of a running script holds a text, and returns what it holds.</summary>
    public static async Task<string> UntilLoggedAsync(ScriptRun run, string text, long offset = 0)
    {
        var seen = new StringBuilder();
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var chunk = await run.Log.ReadAsync(offset, 65536, Patience);
            Assert.True(chunk.Bytes.Length > 0, $"the log ended, or nothing came, before '{text}'; it holds: {seen}");
            offset += chunk.Bytes.Length;
            seen.Append(Encoding.Latin1.GetString(chunk.Bytes));
        }

        return seen.ToString();
    }

    /// <summary>Waits, as there is no event for it, until somebody else's process has ended.</summary>
    public static Task GoneAsync(int pid) => UntilAsync(() => !IsAlive(pid));

    /// <summary>Waits until a process has ended and was waited for by whoever has to.</summary>
    public static Task BuriedAsync(int pid) => UntilAsync(() => new ProcFs().Stat(pid) is null);

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, patience.Token);
        }
    }

    public static bool IsAlive(int pid) => new ProcFs().Stat(pid) is { IsZombie: false };

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        if (Guard is not null)
        {
            await Guard.DisposeAsync();
        }

        Reactor.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

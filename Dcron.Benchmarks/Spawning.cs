using System.Diagnostics;
using System.Globalization;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Guarding;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dcron.Benchmarks;

/// <summary>
/// What running one script costs in processor time beyond the script itself: the whole path of the worker's subprocess side (working folder,
/// guard, spawn, log, end), against <c>xargs -P</c> over the same command with the same parallelism in the same run.
/// </summary>
internal static class Spawning
{
    private const int Parallelism = 2;

    public static async Task RunAsync(int count)
    {
        var folder = Directory.CreateTempSubdirectory("dcron-spawning-").FullName;
        using var reactor = new ProcessReactor(NullLogger<ProcessReactor>.Instance);
        await using var guard = new GuardLink(reactor, Guard(), TimeProvider.System, NullLogger<GuardLink>.Instance);
        await using var host = new ScriptHost(reactor, guard, TimeProvider.System);
        guard.Open();
        await guard.WhenReadyAsync();

        var catalog = await InterpreterCatalog.FindAsync(
            new Dictionary<string, InterpreterOptions>(), folder, Environment.GetEnvironmentVariable("PATH")!, TimeProvider.System, NullLogger<InterpreterCatalog>.Instance);
        var bench = new Bench(host, guard, new WorkingFolders(Path.Combine(folder, "work"), TimeProvider.System), folder);
        await bench.MeasureAsync("/bin/true", [], count);
        if (catalog.Interpreters.TryGetValue("python", out var python))
        {
            await bench.MeasureAsync(python.Path, ["-c", "pass"], count / 4);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static GuardCommand Guard() => new(
        Environment.ProcessPath!,
        [.. Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [typeof(Spawning).Assembly.Location] : Array.Empty<string>(), GuardProgram.Argument],
        GuardCommand.SmallRuntime());

    private sealed class Bench(ScriptHost host, GuardLink guard, WorkingFolders folders, string folder)
    {
        private int _started;

        public async Task MeasureAsync(string executable, IReadOnlyList<string> arguments, int count)
        {
            await OursAsync(executable, arguments, count / 4);
            for (var round = 1; round <= 3; round++)
            {
                var bare = await XargsAsync(executable, arguments, count);
                var ours = await OursAsync(executable, arguments, count);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{executable} {string.Join(' ', arguments)} x {count}: xargs -P {Parallelism} {bare.Cpu:0} us CPU, {bare.PerSecond:0}/s | dcron {ours.Cpu:0} us CPU "
                    + $"(node {ours.Node:0}, guard {ours.Guard:0}, scripts {ours.Cpu - ours.Node - ours.Guard:0}), {ours.PerSecond:0}/s | adds {ours.Cpu - bare.Cpu:0} us, rate x {ours.PerSecond / bare.PerSecond:0.00}"));
            }
        }

        private async Task<(double Cpu, double PerSecond)> XargsAsync(string executable, IReadOnlyList<string> arguments, int count)
        {
            var began = Stopwatch.GetTimestamp();
            var exit = await RunOneAsync("/bin/sh", ["-c", $"seq \"$0\" | xargs -P {Parallelism} -n 1 \"$@\"", count.ToString(CultureInfo.InvariantCulture), executable, .. arguments]);
            return (exit.CpuTime.TotalMicroseconds / count, count / Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        private async Task<(double Cpu, double Node, double Guard, double PerSecond)> OursAsync(string executable, IReadOnlyList<string> arguments, int count)
        {
            var began = Stopwatch.GetTimestamp();
            var (node, guardBefore) = (Environment.CpuUsage.TotalTime, GuardCpu());
            var left = count;
            long scripts = 0;
            await Task.WhenAll(Enumerable.Range(0, Parallelism).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    Interlocked.Add(ref scripts, (await RunOneAsync(executable, arguments)).CpuTime.Ticks);
                }
            })));
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            var ours = (Environment.CpuUsage.TotalTime - node).TotalMicroseconds / count;
            var guards = (GuardCpu() - guardBefore).TotalMicroseconds / count;
            return ((TimeSpan.FromTicks(scripts).TotalMicroseconds / count) + ours + guards, ours, guards, count / seconds);
        }

        private async Task<ScriptExit> RunOneAsync(string executable, IReadOnlyList<string> arguments)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"bench@20260329T010000Z.m{Interlocked.Increment(ref _started)}");
            var log = Path.Combine(folder, id + ".log");
            var start = host.Start(new ScriptCommand
            {
                ExecutionId = id,
                Executable = executable,
                Arguments = arguments,
                Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", [ScriptCommand.ExecutionVariable] = id },
                WorkingDirectory = folders.Create(id),
                LogPath = log,
                Timeout = TimeSpan.FromMinutes(5),
            });
            var run = ((ScriptStart.Started)start).Run;
            var exit = await run.Completion;
            run.Log.Dispose();
            File.Delete(log);
            folders.Remove(id);
            return exit;
        }

        private TimeSpan GuardCpu()
        {
            using var process = Process.GetProcessById(guard.Pid!.Value);
            return process.TotalProcessorTime;
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Jobs;
using Dcron.Grains.Processes;
using Dcron.Grains.Workers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dcron.Benchmarks;

/// <summary>
/// What containing a script costs: <c>python3 -c 'print(1)'</c> from its start until its log is complete, one after the other, bare and contained
/// in turn, so that both meet the same machine.
/// </summary>
internal static class Containing
{
    public static async Task RunAsync(int count)
    {
        var folder = Directory.CreateTempSubdirectory("dcron-containing-").FullName;
        using var reactor = new ProcessReactor(NullLogger<ProcessReactor>.Instance);
        await using var host = new ScriptHost(reactor, null, TimeProvider.System);
        var (nodeFolder, path) = (Path.Combine(folder, "data", "nodes", "1"), Environment.GetEnvironmentVariable("PATH")!);
        foreach (var mode in new[] { SandboxMode.Auto, SandboxMode.Off })
        {
            var options = new WorkerOptions { Sandbox = mode, WorkPath = Path.Combine(folder, "public") };
            var containment = await WorkerContainment.FindAsync(options, Path.Combine(folder, "data"), nodeFolder, TimeProvider.System, NullLogger.Instance);
            var catalog = await InterpreterCatalog.FindAsync(
                new Dictionary<string, InterpreterOptions>(), folder, path, TimeProvider.System, NullLogger<InterpreterCatalog>.Instance, containment.AsScript);
            if (catalog.Interpreters.TryGetValue("python", out var python))
            {
                await new Bench(host, containment, python, folder).RunAsync(count);
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private sealed class Bench(ScriptHost host, WorkerContainment containment, Interpreter python, string folder)
    {
        private int _started;

        public async Task RunAsync(int count)
        {
            var info = containment.Info;
            for (var round = 0; round <= 3; round++)
            {
                var (bare, contained) = (new List<double>(), new List<double>());
                for (var i = 0; i < (round == 0 ? count / 4 : count); i++)
                {
                    bare.Add(await MeasureAsync(contains: false));
                    contained.Add(await MeasureAsync(contains: true));
                }

                if (round > 0)
                {
                    var (without, with) = (Median(bare), Median(contained));
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{python.Path} -c 'print(1)' x {count}: bare {without:0.0} ms | sandbox {info.Sandbox}, user {info.User}, limits by {info.LimitsBy}: {with:0.0} ms | x {with / without:0.00}"));
                }
            }

            var (cpuBare, cpuContained) = (await CpuAsync(contains: false, count), await CpuAsync(contains: true, count));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"processor time of each, the node's own included: bare {cpuBare:0.0} ms | sandbox {info.Sandbox}: {cpuContained:0.0} ms | x {cpuContained / cpuBare:0.00}"));
            containment.LetGoOfSandboxes();
        }

        private async Task<double> CpuAsync(bool contains, int count)
        {
            var before = ProcessFigures.CpuWithChildren;
            for (var i = 0; i < count; i++)
            {
                await MeasureAsync(contains);
            }

            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System); // what is taken down afterwards counts as well
            return (ProcessFigures.CpuWithChildren - before).TotalMilliseconds / count;
        }

        private async Task<double> MeasureAsync(bool contains)
        {
            var id = ExecutionId.Parse(string.Create(CultureInfo.InvariantCulture, $"bench@20260329T010000Z.m{++_started}"));
            var log = Path.Combine(folder, id + ".log");
            var began = Stopwatch.GetTimestamp();
            var contained = contains ? containment.Contain(LaunchOf(id), python, typeof(Containing).Assembly.Location) : null;
            var work = contained?.Folder ?? containment.Folders.Create(id.ToString());
            var start = host.Start(new ScriptCommand
            {
                ExecutionId = id.ToString(),
                Executable = python.Path,
                Arguments = ["-c", "print(1)"],
                Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", [ScriptCommand.ExecutionVariable] = id.ToString() },
                WorkingDirectory = work,
                LogPath = log,
                Containment = contained?.Containment,
            });
            var run = ((ScriptStart.Started)start).Run;
            var exit = await run.Completion;
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            run.Log.Dispose();
            if (exit is not ScriptExit.Exited { Code: 0 })
            {
                throw new InvalidOperationException($"It did not run: {exit}\n{await File.ReadAllTextAsync(log)}");
            }

            File.Delete(log);
            contained?.End();
            containment.Folders.Remove(id.ToString());
            contained?.Release();
            return took;
        }

        private static ExecuteJob LaunchOf(ExecutionId id) => new()
        {
            ExecutionId = id,
            JobId = id.JobId,
            JobVersion = 1,
            ScriptType = "python",
            ScriptLocation = "s3://bench/a.py",
            Trigger = ExecutionTrigger.Manual,
        };

        private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
    }
}

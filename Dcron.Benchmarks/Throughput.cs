using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>
/// Executions per second of a one-line Python script through the whole of dcron (schedule, claim, spawn, log, upload, finish; embedded stores),
/// against <c>xargs -P</c> over the same interpreter with the same parallelism, in turn, in one run. Many short rounds, each against the mean of the
/// bare ones before and after it: on a machine that is shared, the median of these says more than one long round.
/// <c>uncontained</c> runs scripts without a sandbox, as the node's own user, which is not root.
/// </summary>
internal static class Throughput
{
    private const int Rounds = 7;
    private const string Uncontained = "uncontained";
    private const string NobodysNumber = "23456";

    public static async Task RunAsync(string[] args)
    {
        var contained = !args.Contains(Uncontained);
        args = [.. args.Where(arg => arg != Uncontained)];
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 300;
        foreach (var parallelism in args.Length > 1 ? [int.Parse(args[1], CultureInfo.InvariantCulture)] : new[] { 2, 4 })
        {
            await CompareAsync(count, parallelism, contained);
        }
    }

    private static async Task CompareAsync(int count, int parallelism, bool contained)
    {
        Figures.Title($"Throughput: {count} executions of a one-line Python script, {parallelism} at a time{(contained ? "" : ", not contained")}");
        var python = await PythonPath();
        using var folder = new TempFolder();
        var script = folder.Of("one.py");
        await File.WriteAllTextAsync(script, "print('hello')\n");
        await using var node = NodeOf(folder, parallelism, contained);
        await node.StartAgainAsync();
        var location = await node.UploadAsync("one.py", await File.ReadAllTextAsync(script));
        await ThroughDcron(node, location, 300); // warms up the node's code
        var (ratios, own, creating, scripts, bareScripts) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var bare = await Bare(python, script, count, parallelism);
        for (var round = 1; round <= Rounds; round++)
        {
            var before = ProcessFigures.OwnCpuSeconds(node.Pid);
            var (created, startedWith) = (0.0, 0.0);
            var dcron = await ThroughDcron(node, location, count, () => (created, startedWith) = (ProcessFigures.OwnCpuSeconds(node.Pid), ProcessFigures.WaitedForCpuSeconds(node.Pid)));
            creating.Add((created - before) / count * 1000);
            own.Add((ProcessFigures.OwnCpuSeconds(node.Pid) - created) / count * 1000);
            scripts.Add((ProcessFigures.WaitedForCpuSeconds(node.Pid) - startedWith) / count * 1000);
            var waitedFor = ProcessFigures.WaitedForCpuSeconds(Environment.ProcessId);
            var bareAfter = await Bare(python, script, count, parallelism);
            bareScripts.Add((ProcessFigures.WaitedForCpuSeconds(Environment.ProcessId) - waitedFor) / count * 1000);
            ratios.Add(2 * dcron / (bare + bareAfter));
            Figures.Row($"round {round}", $"xargs {bare:F1}/s, {bareAfter:F1}/s  dcron {dcron:F1}/s  ratio {ratios[^1]:F3}");
            bare = bareAfter;
        }

        Figures.Row("node's own processor time", $"{Figures.Median(own):F2} ms an execution, and {Figures.Median(creating):F2} ms for creating its job");
        Figures.Row("an interpreter's processor time", $"{Figures.Median(scripts):F2} ms through dcron, {Figures.Median(bareScripts):F2} ms bare");
        Figures.Row("median ratio", $"{Figures.Median(ratios):F3}");
    }

    private static NodeProcess NodeOf(TempFolder folder, int parallelism, bool contained)
    {
        string[] slots = ["--Dcron:Worker:Slots", $"{parallelism}"];
        if (contained)
        {
            return new NodeProcess(folder.Of("data"), slots);
        }

        string[] settings = [.. slots, "--Dcron:Worker:Sandbox", "off"];
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return new NodeProcess(folder.Of("data"), settings);
        }

        // A node that is root runs no script as root.
        const UnixFileMode everybody = (UnixFileMode)0b111_111_111;
        Directory.CreateDirectory(folder.Of("data"), everybody);
        File.SetUnixFileMode(folder.Of("data"), everybody);
        File.SetUnixFileMode(Path.GetDirectoryName(folder.Of("data"))!, everybody);
        return new NodeProcess(folder.Of("data"), settings) { Wrapper = ["setpriv", $"--reuid={NobodysNumber}", $"--regid={NobodysNumber}", "--clear-groups", "--"] };
    }

    private static async Task<double> Bare(string python, string script, int count, int parallelism)
    {
        var start = Stopwatch.GetTimestamp();
        using var xargs = Process.Start(new ProcessStartInfo("sh", ["-c", $"seq {count} | xargs -P {parallelism} -I_ '{python}' '{script}' > /dev/null"]))!;
        await xargs.WaitForExitAsync();
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // All jobs are due in the same second; the clock runs from that second to the end of the last execution.
    public static async Task<double> ThroughDcron(NodeProcess node, string location, int count, Action? created = null)
    {
        var fireTime = TimeProvider.System.GetUtcNow().AddSeconds(3 + (count / 150));
        fireTime = fireTime.AddTicks(-(fireTime.Ticks % TimeSpan.TicksPerSecond));
        var time = fireTime.ToString("s m H d M '*'", CultureInfo.InvariantCulture);
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
            await node.CreateJobAsync(new { time, script_type = "python", script_location = location }));
        if (TimeProvider.System.GetUtcNow() > fireTime)
        {
            throw new InvalidOperationException("The jobs were not created before they were due.");
        }

        created?.Invoke();
        var finished = await FinishedAsync(node, fireTime, count);
        return count / (finished - fireTime).TotalSeconds;
    }

    private static async Task<DateTimeOffset> FinishedAsync(NodeProcess node, DateTimeOffset fireTime, int count)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            var executions = await AllAt(node, fireTime, count);
            var succeeded = executions.Where(execution => (string?)execution["execution_result"] == "succeeded").ToList();
            if (executions.FirstOrDefault(execution => (string?)execution["execution_result"] is "failed" or "lost" or "skipped") is { } bad)
            {
                throw new InvalidOperationException(bad.ToJsonString());
            }

            if (succeeded.Count == count)
            {
                return succeeded.Max(execution => (DateTimeOffset)execution["finished_at"]!);
            }
        }
    }

    private static async Task<List<JsonNode>> AllAt(NodeProcess node, DateTimeOffset fireTime, int count)
    {
        var all = new List<JsonNode>();
        var at = Uri.EscapeDataString(fireTime.ToString("O", CultureInfo.InvariantCulture));
        var to = Uri.EscapeDataString(fireTime.AddSeconds(1).ToString("O", CultureInfo.InvariantCulture));
        var path = $"executions?limit=500&from={at}&to={to}";
        for (string? next = path; next is not null;)
        {
            using var answer = await node.Client.GetAsync(new Uri(next, UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            all.AddRange(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsArray().Select(execution => execution!));
            var link = answer.Headers.TryGetValues("Link", out var links) ? links.First() : null;
            next = link is null || all.Count >= count ? null : link[(link.IndexOf('<', StringComparison.Ordinal) + 1)..link.IndexOf('>', StringComparison.Ordinal)];
        }

        return all;
    }

    private static async Task<string> PythonPath()
    {
        using var python = Process.Start(new ProcessStartInfo("python3", ["-c", "import sys; print(sys.executable)"]) { RedirectStandardOutput = true })!;
        var path = (await python.StandardOutput.ReadToEndAsync()).Trim();
        await python.WaitForExitAsync();
        return path;
    }
}

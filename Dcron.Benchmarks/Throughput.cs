using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>
/// Executions per second of a one-line Python script through the whole of dcron (schedule, claim, spawn, log, upload, finish; embedded stores),
/// against <c>xargs -P</c> over the same interpreter with the same parallelism, in turn, in one run.
/// </summary>
internal static class Throughput
{
    private const int Rounds = 3;

    public static async Task RunAsync(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 600;
        foreach (var parallelism in args.Length > 1 ? [int.Parse(args[1], CultureInfo.InvariantCulture)] : new[] { 2, 4 })
        {
            await CompareAsync(count, parallelism);
        }
    }

    private static async Task CompareAsync(int count, int parallelism)
    {
        Figures.Title($"Throughput: {count} executions of a one-line Python script, {parallelism} at a time");
        var python = await PythonPath();
        using var folder = new TempFolder();
        var script = folder.Of("one.py");
        await File.WriteAllTextAsync(script, "print('hello')\n");
        await using var node = await NodeProcess.StartAsync(folder.Of("data"), "--Dcron:Worker:Slots", $"{parallelism}");
        var location = await node.UploadAsync("one.py", await File.ReadAllTextAsync(script));
        await ThroughDcron(node, location, 300); // warms up the node's code
        var (bare, dcron, own) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add(await Bare(python, script, count, parallelism));
            var before = ProcessFigures.CpuSeconds(node.Pid);
            dcron.Add(await ThroughDcron(node, location, count));
            own.Add((ProcessFigures.CpuSeconds(node.Pid) - before) / count * 1000);
            Figures.Row($"round {round + 1}", $"xargs {bare[^1]:F1}/s  dcron {dcron[^1]:F1}/s  ratio {dcron[^1] / bare[^1]:F3}");
        }

        Figures.Row("node's own processor time, creation included", $"{Figures.Median(own):F2} ms an execution");
        Figures.Row("median ratio", $"{Figures.Median(bare.Zip(dcron, (b, d) => d / b)):F3}");
    }

    private static async Task<double> Bare(string python, string script, int count, int parallelism)
    {
        var start = Stopwatch.GetTimestamp();
        using var xargs = Process.Start(new ProcessStartInfo("sh", ["-c", $"seq {count} | xargs -P {parallelism} -I_ '{python}' '{script}' > /dev/null"]))!;
        await xargs.WaitForExitAsync();
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // All jobs are due in the same second; the clock runs from that second to the end of the last execution.
    private static async Task<double> ThroughDcron(NodeProcess node, string location, int count)
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

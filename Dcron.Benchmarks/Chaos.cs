using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dcron.Storage.Documents.CouchDb;
using Dcron.Tests;
using Dcron.Tests.Node;
using Dcron.Tests.Security;

namespace Dcron.Benchmarks;

/// <summary>
/// A cluster of real silos that are killed, paused and restarted while jobs fire each second. Each script appends to a trace; afterwards
/// trace, documents, recorded starts and <c>verify</c> must agree. On SQLite, or on the CouchDB that <c>DCRON_TEST_COUCHDB_URL</c> names. What the machine can't keep up with
/// is passed over by policy, and must be on record.
/// </summary>
/// <param name="nodes">On one machine, with one document store.</param>
/// <param name="folder">For the trace.</param>
/// <param name="seed">Of the faults.</param>
internal sealed class Chaos(IReadOnlyList<NodeProcess> nodes, TempFolder folder, int seed)
{
    private static readonly string[] Final = ["succeeded", "failed", "timed_out", "cancelled", "lost", "skipped", "missed"];
    private static readonly string[] Counted = ["due", "executed", "passed_over", "further_attempts", "starts", "missing_count", "double_count", "unexplained_count", "unwitnessed_count", "late_count", "open", "pending"];
    private static readonly string[] Wrong = ["missing_count", "double_count", "unexplained_count", "unwitnessed_count", "open", "pending"];
    private static readonly string[] Faulty = ["missing", "double", "unexplained", "unwitnessed"];
    private static readonly string[] Sleeping = ["1.5"];

    // Light jobs on few processors need many slots: their scripts wait for the processor, not for each other.
    private const int MostJobsWithFewSlots = 40;

    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<string, int> _faults = new();
    private readonly List<string> _findings = [];

    private string Trace => folder.Of("trace");

    /// <param name="args">Minutes (30), jobs that fire each second (20), silos (3), seed; then settings of the nodes, such as those of another store.</param>
    /// <returns>0 when all agree.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var numbers = args.TakeWhile(arg => !arg.StartsWith('-')).Select(arg => double.Parse(arg, CultureInfo.InvariantCulture)).ToArray();
        double At(int i, double otherwise) => i < numbers.Length ? numbers[i] : otherwise;
        var (minutes, jobs, silos, seed) = (At(0, 30), (int)At(1, 20), (int)At(2, 3), (int)At(3, 1));
        var couch = OnCouchDb.Options();
        Figures.Title(string.Create(CultureInfo.InvariantCulture, $"Chaos on {(couch is null ? "SQLite" : "CouchDB")}: {silos} silos, {jobs} jobs that fire each second, {minutes} minutes, seed {seed}"));
        using var folder = new TempFolder();
        string[] settings =
        [
            // What is tried here is the protocol; what holds scripts in costs more than these scripts do.
            "--Dcron:Worker:Sandbox", "off", "--Dcron:Worker:WorkPath", folder.Of("work"), .. couch is null ? [] : OnCouchDb.Settings(couch),
            "--Dcron:Worker:Interpreters:sh:Command", "/bin/sh", "--Dcron:Worker:Interpreters:sh:Probe:0", "-c", "--Dcron:Worker:Interpreters:sh:Probe:1", "echo 1",
            "--Dcron:Worker:Slots", jobs > MostJobsWithFewSlots ? "32" : "8", "--Logging:LogLevel:Default", "Error", .. args[numbers.Length..],
        ];
        var nodes = new List<NodeProcess>();
        try
        {
            for (var i = 0; i < silos; i++)
            {
                nodes.Add(await NodeProcess.StartAsync(folder.Of("data"), settings));
            }

            return await new Chaos(nodes, folder, seed).RunAsync(TimeSpan.FromMinutes(minutes), jobs);
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }

            if (couch is not null)
            {
                await using var store = new CouchDbDocumentStore(couch, TimeProvider.System);
                await OnCouchDb.DropAsync(store);
            }
        }
    }

    private async Task<int> RunAsync(TimeSpan length, int jobs)
    {
        var began = TimeProvider.System.GetUtcNow();
        var ids = await CreateAsync(jobs);
        var end = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
        {
            await Task.Delay(TimeSpan.FromSeconds(3 + (12 * _random.NextDouble())), TimeProvider.System);
            await HurtAsync(nodes[_random.Next(nodes.Count)]);
            await ReviveAsync();
        }

        await ReviveAsync();
        var paused = 0;
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (id, _) =>
        {
            if (await TryAsync(node => node.PostAsync($"jobs/{id}/pause")) is not null)
            {
                Interlocked.Increment(ref paused);
            }
        });

        var to = TimeProvider.System.GetUtcNow();
        var settled = await SettleAsync(ids);
        Figures.Row("faults", $"{string.Join(", ", _faults.OrderBy(fault => fault.Key, StringComparer.Ordinal).Select(fault => $"{fault.Value} {fault.Key}"))}");
        Figures.Row("jobs paused at the end", $"{paused} of {ids.Count}");
        Figures.Row("settled afterwards", $"{(settled ? "yes" : "NO")}");
        return await CompareAsync(ids, began.AddMinutes(-1), to.AddSeconds(1)) && settled && paused == ids.Count ? 0 : 1;
    }

    private async Task<List<string>> CreateAsync(int jobs)
    {
        var node = nodes[0];
        var shell = await node.UploadAsync("trace.sh", "echo \"$DCRON_EXECUTION_ID\" >> \"$TRACE\" || exit 9\n[ -z \"$1\" ] || sleep \"$1\"\n");
        var python = await node.UploadAsync("trace.py", "import os\nwith open(os.environ['TRACE'], 'a') as trace:\n    trace.write(os.environ['DCRON_EXECUTION_ID'] + '\\n')\n");
        File.WriteAllText(Trace, "");
        FileModes.Set(Trace, 0b110_110_110); // each script may run as a user of its own
        var ids = new List<string>();
        for (var i = 0; i < jobs; i++)
        {
            var isPython = i % 10 == 9 && i < MostJobsWithFewSlots;
            var job = await node.CreateJobAsync(new
            {
                time = isPython ? "*/5 * * * * *" : i % 10 == 8 ? "*/3 * * * * *" : "* * * * * *",
                script_type = isPython ? "python" : "sh",
                script_location = isPython ? python : shell,
                args = !isPython && i % 10 == 4 ? Sleeping : [],
                overlap_policy = i % 10 == 7 ? "queue" : i % 10 == 2 ? "allow" : "skip",
                env = new Dictionary<string, string> { ["TRACE"] = Trace },
            });
            ids.Add((string)job["job_id"]!);
        }

        return ids;
    }

    private async Task HurtAsync(NodeProcess node)
    {
        if (!IsRunning(node))
        {
            return;
        }

        switch (_random.Next(4))
        {
            case 0 or 1:
                Count("kill -9");
                await node.KillAsync();
                await Task.Delay(TimeSpan.FromSeconds(5 * _random.NextDouble()), TimeProvider.System);
                break;
            case 2:
                // Some pauses are shorter than the lease, some so long that the cluster declares the silo dead.
                Count("SIGSTOP");
                await SignalAsync(node, "STOP");
                await Task.Delay(TimeSpan.FromSeconds(_random.Next(2) == 0 ? 4 * _random.NextDouble() : 15 + (25 * _random.NextDouble())), TimeProvider.System);
                await SignalAsync(node, "CONT");
                break;
            default:
                Count("SIGTERM");
                await SignalAsync(node, "TERM");
                break;
        }
    }

    private async Task ReviveAsync()
    {
        foreach (var node in nodes.Where(node => !IsRunning(node)))
        {
            Count("start");
            try
            {
                await node.StartAgainAsync();
            }
            catch (InvalidOperationException)
            {
                Count("start that took too long"); // the next round tries again
            }
        }
    }

    private async Task<bool> SettleAsync(List<string> ids)
    {
        for (var second = 0; second < 240; second++)
        {
            await ReviveAsync();
            var running = await TryAsync(async node => JsonValue.Create((await node.GetAsync("executions?result=running&limit=1")).AsArray().Count));
            var lately = TimeProvider.System.GetUtcNow().AddMinutes(-3);
            if (running is not null && (int)running == 0 && await LedgerAsync(ids, lately, TimeProvider.System.GetUtcNow()) is { } ledger && ledger["open"] + ledger["pending"] == 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System); // for the last starts to be recorded
                return true;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }

        return false;
    }

    private async Task<bool> CompareAsync(List<string> ids, DateTimeOffset from, DateTimeOffset to)
    {
        if (await LedgerAsync(ids, from, to) is not { } ledger)
        {
            Figures.Row("ledger", $"NO ANSWER");
            return false;
        }

        var traces = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Trace))
        {
            traces[line] = traces.GetValueOrDefault(line) + 1;
        }

        var executions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            await AddExecutionsAsync(executions, id, from, to);
        }

        var doubled = traces.Where(trace => trace.Value > 1).Select(trace => trace.Key).ToList();
        var unknown = traces.Keys.Where(id => !executions.TryGetValue(id, out var result) || result is "skipped" or "missed").ToList();
        var untraced = executions.Where(pair => pair.Value == "succeeded" && !traces.ContainsKey(pair.Key)).Select(pair => pair.Key).ToList();
        var unfinished = executions.Where(pair => !Final.Contains(pair.Value)).Select(pair => pair.Key).ToList();
        Figures.Row("due instants a second", $"{ledger["due"] / (to - from.AddMinutes(1)).TotalSeconds:F1}, of which executed {ledger["executed"] / (to - from.AddMinutes(1)).TotalSeconds:F1}");
        Figures.Row("executions", $"{string.Join(", ", executions.GroupBy(pair => pair.Value).OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"))}");
        Figures.Row("traces", $"{traces.Count}, written twice: {Shown(doubled)}, of nothing that ran: {Shown(unknown)}");
        Figures.Row("succeeded without a trace", $"{Shown(untraced)}");
        Figures.Row("not final", $"{Shown(unfinished)}");
        foreach (var field in Counted)
        {
            Figures.Row($"ledger: {field}", $"{ledger[field]}");
        }

        foreach (var finding in _findings.Take(20))
        {
            Figures.Row("found", $"{finding}");
        }

        return Wrong.All(field => ledger[field] == 0) && doubled.Count + unknown.Count + untraced.Count + unfinished.Count == 0;
    }

    /// <summary>What the ledger counts, job by job: an answer about half a million fire times at once would take longer than a call may.</summary>
    private async Task<Dictionary<string, long>?> LedgerAsync(List<string> ids, DateTimeOffset from, DateTimeOffset to)
    {
        var sums = Counted.ToDictionary(field => field, _ => 0L, StringComparer.Ordinal);
        _findings.Clear();
        foreach (var id in ids)
        {
            if (await TryAsync(node => node.GetAsync($"verify?job_id={id}&from={Text(from)}&to={Text(to)}")) is not { } ledger)
            {
                return null;
            }

            foreach (var field in Counted)
            {
                sums[field] += (long)ledger[field]!;
            }

            _findings.AddRange(Faulty.SelectMany(kind => ledger[kind]!.AsArray()).Select(finding => $"{finding!["execution_id"]}: {finding["reason"]}"));
        }

        return sums;
    }

    private async Task AddExecutionsAsync(Dictionary<string, string> all, string job, DateTimeOffset from, DateTimeOffset to)
    {
        for (string? next = $"jobs/{job}/executions?limit=500&from={Text(from)}&to={Text(to)}"; next is not null;)
        {
            using var answer = await nodes.First(IsRunning).Client.GetAsync(new Uri(next, UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            foreach (var execution in JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsArray())
            {
                all[(string)execution!["execution_id"]!] = (string)execution["execution_result"]!;
            }

            var link = answer.Headers.TryGetValues("Link", out var links) ? links.First() : null;
            next = link?[(link.IndexOf('<', StringComparison.Ordinal) + 1)..link.IndexOf('>', StringComparison.Ordinal)];
        }
    }

    private async Task<JsonNode?> TryAsync(Func<NodeProcess, Task<JsonNode>> ask)
    {
        for (var tries = 0; tries < 30; tries++)
        {
            foreach (var node in nodes.Where(IsRunning))
            {
                try
                {
                    return await ask(node);
                }
                catch (Exception exception) when (exception is InvalidOperationException or HttpRequestException or TaskCanceledException)
                {
                    // a node that is just starting or ending; another one answers
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }

        return null;
    }

    private void Count(string fault) => _faults.AddOrUpdate(fault, 1, (_, count) => count + 1);

    private static bool IsRunning(NodeProcess node) => File.Exists($"/proc/{node.Pid}/stat");

    private static async Task SignalAsync(NodeProcess node, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", node.Pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private static string Shown(List<string> ids) => ids.Count == 0 ? "0" : $"{ids.Count} ({string.Join(", ", ids.Take(3))})";

    private static string Text(DateTimeOffset time) => Uri.EscapeDataString(time.ToString("O", CultureInfo.InvariantCulture));
}

using System.Net;
using Dcron.Tests.Node;
using Dcron.Tests.Security;
using Dcron.Tests.Storage.Documents.CouchDb;
using Dcron.Tests.Storage.Objects.S3;

namespace Dcron.Tests.Cluster;

/// <summary>
/// Silos whose CouchDB can't be reached: at the start, by all of them, by one. Each silo has a way to it of its own, which can be closed. Where there is no CouchDB,
/// pouchdb-server stands in.
/// </summary>
public sealed class DatabaseOutageTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly List<FaultyProxy> _ways = [];
    private readonly List<NodeProcess> _nodes = [];
    private CouchServer _couch = null!;
    private string _database = null!;
    private Traces _traces = null!;

    public async Task InitializeAsync()
    {
        _couch = File.Exists("/opt/couchdb/bin/couchdb") || Environment.GetEnvironmentVariable("DCRON_TEST_COUCHDB_URL") is { Length: > 0 }
            ? await CouchServer.SingleAsync()
            : await CouchServer.PouchAsync();
        _database = _couch.Options().Database;
        _traces = new Traces(_folder.Of("traces"));
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        foreach (var way in _ways)
        {
            await way.DisposeAsync();
        }

        _folder.Dispose();
    }

    [SkippableFact]
    public async Task A_silo_that_starts_before_its_database_listens_waits_and_goes_on_when_it_comes()
    {
        var node = Make(leaseSeconds: 60);
        await _ways[0].CloseAsync();
        node.Launch();
        await StartTests.AnswersAsync(node, "/healthz/live", HttpStatusCode.OK);
        var ready = await StartTests.AnswersAsync(node, "/healthz/ready", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("out of reach", (string)ready["checks"]!["documents"]!);
        await StartTests.AnswersAsync(node, "/api/v1/jobs", HttpStatusCode.ServiceUnavailable);
        await Until(() => node.Output.Contains("Waiting for the stores: ", StringComparison.Ordinal), "it says what it waits for");
        _ways[0].Open();
        await node.BecomesReadyAsync();
        await node.RunOnceAsync("python", "pass");
    }

    [SkippableFact]
    public async Task While_the_database_is_down_for_a_minute_scripts_run_on_nothing_new_starts_and_then_all_is_made_up_for()
    {
        // One of its own where it can be killed; pouchdb-server keeps all in memory, so that one is only out of reach.
        await using var own = CouchServer.IsInstalled ? await CouchServer.StartAsync() : null;
        _couch = own ?? _couch;
        await using var cluster = new ClusterProcesses([Make(leaseSeconds: 90), Make(leaseSeconds: 90), Make(leaseSeconds: 90)]);
        await cluster.StartAsync();
        var job = await _traces.CreateJobAsync(cluster.Any, "* * * * * *");
        var release = _folder.Of("release");
        var held = await cluster.Any.StartOnceAsync("python", $"import os, time\nwhile not os.path.exists({System.Text.Json.JsonSerializer.Serialize(release)}): time.sleep(0.02)\nprint('done')");
        await cluster.Any.UntilAsync($"executions/{held}", execution => (string)execution["execution_result"]! == "running");
        await Until(() => _traces.Starts().Count > 2, "launches go on");

        foreach (var way in _ways)
        {
            await way.CloseAsync();
        }

        await (own?.KillAsync() ?? Task.CompletedTask);

        // Much longer than a silo is given to be heard of in the table, and than a late launch still counts as on time.
        var closed = _traces.Starts().Count;
        await Task.Delay(TimeSpan.FromSeconds(60), TimeProvider.System);
        Assert.InRange(_traces.Starts().Count - closed, 0, 1); // one that had been claimed
        Assert.All(cluster.Nodes, node => Assert.True(node.IsRunning, node.Output));
        await File.WriteAllTextAsync(release, "");
        await (own?.StartAgainAsync() ?? Task.CompletedTask);
        foreach (var way in _ways)
        {
            way.Open();
        }

        var opened = TimeProvider.System.GetUtcNow();
        await Until(() => _traces.Starts().Any(start => start.FireTime > opened), "launches go on again");
        Assert.Equal("succeeded", (string)(await cluster.Any.EndOf(held))["execution_result"]!);
        await CheckAsync(cluster, job);

        // The misfire rule (run_latest): of what was due meanwhile the latest ran late, and what is older is recorded with its reason.
        var missed = (await cluster.ExecutionsAsync(job)).Where(execution => (string)execution["execution_result"]! == "missed").ToList();
        Assert.InRange(missed.Count, 40, 90);
        Assert.All(missed, execution => Assert.Contains("run_latest", (string)execution["reason"]!, StringComparison.Ordinal));
        Assert.All(cluster.Nodes, node => Assert.True(node.IsRunning, node.Output));
    }

    [SkippableFact]
    public async Task A_silo_that_alone_is_without_its_database_takes_nothing_and_its_scripts_end_with_their_lease()
    {
        await using var cluster = new ClusterProcesses([Make(leaseSeconds: 10), Make(leaseSeconds: 10), Make(leaseSeconds: 10)]);
        await cluster.StartAsync();
        var job = await _traces.CreateJobAsync(cluster.Any, "* * * * * *", overlap: "allow"); // what runs on the one that is cut off holds back nothing
        var held = await cluster.Any.StartOnceAsync("python", "import time; time.sleep(600)");
        var claim = await cluster.Any.UntilAsync($"executions/{held}", execution => (string)execution["execution_result"]! == "running");
        var cut = cluster.OfWorker((string)claim["worker_id"]!);
        var other = cluster.Nodes.First(node => node != cut);
        await Until(() => Hosts.Bearing(held).Count > 0, "the script has begun");

        await _ways[cluster.Nodes.ToList().IndexOf(cut)].CloseAsync();
        await Until(() => Hosts.Bearing(held).Count == 0, "its script ends");
        var ended = TimeProvider.System.GetUtcNow();
        await Until(() => _traces.Starts().Any(start => start.FireTime > ended), "launches go on elsewhere");
        _ways[cluster.Nodes.ToList().IndexOf(cut)].Open();
        Assert.Equal("lost", (string)(await other.EndOf(held))["execution_result"]!);
        await CheckAsync(cluster, job);
    }

    [SkippableFact]
    public async Task A_leader_that_alone_is_without_its_database_hands_over_long_before_its_lease_ends()
    {
        await using var cluster = new ClusterProcesses([Make(leaseSeconds: 600), Make(leaseSeconds: 600), Make(leaseSeconds: 600)]);
        await cluster.StartAsync();
        List<string> jobs = [];
        foreach (var _ in Enumerable.Range(0, 4)) // wherever jobs are, also where it is cut off
        {
            jobs.Add(await _traces.CreateJobAsync(cluster.Any, "* * * * * *", overlap: "allow"));
        }

        await Until(() => _traces.Starts().Count >= 8, "launches go on");
        var cut = await cluster.LeaderAsync();
        var other = cluster.Nodes.First(node => node != cut);
        var way = _ways[cluster.Nodes.ToList().IndexOf(cut)];
        await way.CloseAsync();
        await other.UntilAsync("workers", workers => workers.AsArray().Any(worker => (bool)worker!["leads"]! && cluster.OfWorker((string)worker["worker_id"]!) != cut), TimeSpan.FromMinutes(2));
        var handedOver = TimeProvider.System.GetUtcNow();
        await Until(() => jobs.TrueForAll(job => _traces.Starts().Any(start => start.ExecutionId.StartsWith(job, StringComparison.Ordinal) && start.FireTime > handedOver)), "each job's launches go on");
        Assert.True(cut.IsRunning, cut.Output);
        way.Open();
        foreach (var job in jobs)
        {
            await CheckAsync(cluster, job);
        }
    }

    private NodeProcess Make(int leaseSeconds)
    {
        var way = new FaultyProxy(_couch.Url);
        _ways.Add(way);
        var options = _couch.Options(way.Endpoint);
        var node = new NodeProcess(
            _folder.Of("data"),
            "--Dcron:Documents:Provider", "CouchDb",
            "--Dcron:Documents:CouchDb:Url", options.Url,
            "--Dcron:Documents:CouchDb:Username", options.Username,
            "--Dcron:Documents:CouchDb:Password", options.Password,
            "--Dcron:Documents:CouchDb:Database", _database,
            "--Dcron:Worker:LeaseSeconds", $"{leaseSeconds}",
            "--Dcron:Worker:WritablePaths:0", _folder.Path,
            "--Dcron:Worker:Slots", "4");
        _nodes.Add(node);
        return node;
    }

    private async Task CheckAsync(ClusterProcesses cluster, string job)
    {
        await cluster.Any.PostAsync($"jobs/{job}/pause");
        await cluster.Any.UntilAsync($"jobs/{job}/executions?limit=500", found => found.AsArray().All(execution => NodeVerbs.IsFinal(execution!)), TimeSpan.FromMinutes(3));
        LaunchCheck.Exact(job, await cluster.ExecutionsAsync(job), _traces.Starts());
    }

    private static async Task Until(Func<bool> holds, string what)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 3600, what);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Dcron.Tests.Storage.Objects.S3;

namespace Dcron.Tests.Node;

/// <summary>A real node whose scripts and logs are on a real Ceph RADOS Gateway, also while that is away.</summary>
public sealed class ObjectStoreNodeTests : IAsyncLifetime
{
    private const int LargeLog = 200_000_000;

    // Flat means that it does not grow with the log: buffers of pipes, files and sockets, and what the collector has not taken yet.
    private const long FlatBytes = 80_000_000;

    private readonly TempFolder _folder = new();
    private ObjectServer? _ceph;
    private NodeProcess? _node;

    private ObjectServer Ceph => _ceph!;

    private NodeProcess Node => _node!;

    public async Task InitializeAsync()
    {
        _ceph = await ObjectServer.StartCephAsync();
        _node = await StartAsync("data", _ceph.Endpoint);
    }

    public async Task DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }

        if (_ceph is not null)
        {
            await _ceph.DisposeAsync();
        }

        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Logs_and_scripts_go_through_the_store_also_by_links_and_the_memory_stays_flat()
    {
        var execution = await Node.RunOnceAsync("python", "print('0123456789')");
        var id = (string)execution["execution_id"]!;
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Matches("^s3://dcron-[0-9a-f]{32}/logs/", (string)execution["logs_path"]!);
        Assert.Equal("0123456789\n", await Node.LogAsync(id));
        Assert.Equal((HttpStatusCode.PartialContent, "345"), await RangeAsync(id, 3, 5));
        Assert.Equal((HttpStatusCode.PartialContent, "789\n"), await RangeAsync(id, null, 4));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await RangeAsync(id, 11, null)).Status);

        using var anybody = new HttpClient();
        var link = await Node.GetAsync($"executions/{id}/log/link");
        Assert.Equal("GET", (string)link["method"]!);
        Assert.True((DateTimeOffset)link["expires_at"]! > TimeProvider.System.GetUtcNow());
        Assert.Equal("0123456789\n", await anybody.GetStringAsync(new Uri((string)link["url"]!)));

        var upload = await Node.PostAsync("scripts/link?name=linked.py");
        using (var script = new StringContent("print('by link')"))
        using (var put = await anybody.PutAsync(new Uri((string)upload["url"]!), script))
        {
            put.EnsureSuccessStatusCode();
        }

        var job = await Node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = (string)upload["script_location"]! });
        var linked = await Node.EndOf((string)(await Node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!);
        Assert.Equal("by link\n", await Node.LogAsync((string)linked["execution_id"]!));
        Assert.DoesNotContain("X-Amz-Signature", Node.Output, StringComparison.Ordinal);

        await CheckMemoryAsync();
    }

    [SkippableFact]
    public async Task While_the_store_is_away_cached_scripts_run_and_their_logs_come_later()
    {
        var location = await Node.UploadAsync("cached.py", "import os; print('run', os.environ['DCRON_EXECUTION_ID'])");
        var job = await Node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = location });
        await RunAsync(job);
        await Ceph.CloseAsync();

        var away = await RunAsync(job);
        Assert.Equal("succeeded", (string)away["execution_result"]!);
        Assert.Equal(0, (int)away["exit_status"]!);
        Assert.Null((string?)away["logs_path"]);
        Assert.Equal("The log waits on its worker until the object store takes it.", (string)away["reason"]!);
        using (var ready = await Node.Client.GetAsync(new Uri("/healthz/ready", UriKind.Relative)))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        }

        using (var body = new StringContent("print()"))
        using (var upload = await Node.Client.PostAsync(new Uri("scripts?name=x.py", UriKind.Relative), body))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, upload.StatusCode);
            Assert.NotNull(upload.Headers.RetryAfter);
        }

        await Ceph.OpenAsync();
        var id = (string)away["execution_id"]!;
        var stored = await Node.UntilAsync($"executions/{id}", execution => execution["logs_path"] is not null);
        Assert.Null((string?)stored["reason"]);
        Assert.Equal($"run {id}\n", await Node.LogAsync(id));
    }

    [SkippableFact]
    public async Task A_node_that_starts_before_its_store_waits_and_says_why()
    {
        var location = await Node.UploadAsync("x.py", "print('x')");
        await Node.StopAsync();
        await Ceph.CloseAsync();

        var start = await StartWithoutStoreAsync();
        await Node.StopAsync();
        Assert.Equal(0, Node.ExitCode);
        await Assert.ThrowsAsync<InvalidOperationException>(() => start);

        start = await StartWithoutStoreAsync();
        await Ceph.OpenAsync();
        await start;
        await Node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = location });
    }

    [SkippableFact]
    public async Task A_store_that_hangs_holds_up_no_result()
    {
        await using var proxy = new FaultyProxy(Ceph.Endpoint);
        await using var node = await StartAsync("behind", proxy.Endpoint, "--Dcron:Objects:S3:TimeoutSeconds", "600");
        var location = await node.UploadAsync("cached.py", "print('x')");
        var job = await node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = location });
        await RunAsync(node, job);
        proxy.StallRequestsAfter = 0;

        var hanging = await RunAsync(node, job); // long before the store counts as out of reach
        Assert.Equal("succeeded", (string)hanging["execution_result"]!);
        Assert.Contains("waits", (string)hanging["reason"]!, StringComparison.Ordinal);

        proxy.StallRequestsAfter = null;
        await proxy.CloseAsync();
        proxy.Open();
        await node.UntilAsync($"executions/{hanging["execution_id"]}", execution => execution["logs_path"] is not null);
    }

    /// <summary>Starts the node, and waits until it has said that it waits.</summary>
    /// <returns>Its start, which is not over.</returns>
    private async Task<Task> StartWithoutStoreAsync()
    {
        var before = Node.Output.Length;
        var start = Node.StartAgainAsync();
        while (!Node.Output[before..].Contains("Waiting for the stores: The object store at", StringComparison.Ordinal))
        {
            Assert.False(start.IsCompleted, Node.Output);
            await Task.WhenAny(start, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System));
        }

        Assert.Contains("can't be reached: Connection refused", Node.Output[before..], StringComparison.Ordinal);
        return start;
    }

    private async Task<NodeProcess> StartAsync(string folder, Uri endpoint, params string[] more)
    {
        var options = Ceph.Options(endpoint);
        return await NodeProcess.StartAsync(
            _folder.Of(folder),
            [
                "--Dcron:Objects:Provider", "S3",
                "--Dcron:Objects:S3:Endpoint", options.Endpoint,
                "--Dcron:Objects:S3:Bucket", options.Bucket,
                "--Dcron:Objects:S3:AccessKey", options.AccessKey,
                "--Dcron:Objects:S3:SecretKey", options.SecretKey,
                "--Dcron:Worker:LogLimitBytes", "300000000",
                .. more,
            ]);
    }

    private async Task CheckMemoryAsync()
    {
        var before = PeakBytes();
        var large = await Node.RunOnceAsync("python", $"import sys\nfor n in range({LargeLog / 1_000_000}): sys.stdout.write(str(n % 10) * 1000000)");
        large = await Node.UntilAsync($"executions/{large["execution_id"]}", execution => execution["logs_path"] is not null); // a large log may follow its result
        Assert.Equal(LargeLog, (long)large["log_bytes"]!);
        Assert.Equal(LargeLog, await LengthAsync((string)large["execution_id"]!));
        Assert.InRange(PeakBytes() - before, 0, FlatBytes);
    }

    private Task<JsonNode> RunAsync(JsonNode job) => RunAsync(Node, job);

    private static async Task<JsonNode> RunAsync(NodeProcess node, JsonNode job) => await node.EndOf((string)(await node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!);

    private async Task<long> LengthAsync(string executionId)
    {
        await using var log = await Node.Client.GetStreamAsync(new Uri($"executions/{executionId}/log", UriKind.Relative));
        var buffer = new byte[256 * 1024];
        long length = 0;
        for (int read; (read = await log.ReadAsync(buffer)) > 0; length += read)
        {
            // only counted
        }

        return length;
    }

    private async Task<(HttpStatusCode Status, string Text)> RangeAsync(string executionId, long? from, long? to)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"executions/{executionId}/log", UriKind.Relative));
        request.Headers.Range = new RangeHeaderValue(from, to);
        using var answer = await Node.Client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private long PeakBytes()
    {
        var line = File.ReadLines($"/proc/{Node.Pid}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

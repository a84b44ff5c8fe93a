using System.Text.Json.Nodes;
using Dcron.Tests.Node;
using Dcron.Tests.Processes;

namespace Dcron.Tests.Security;

/// <summary>Scripts that take all that they can get.</summary>
public sealed class LimitTests
{
    private const string Forks = """
        import os, time
        children = 0
        try:
            while children < 200:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                children += 1
        except BlockingIOError:
            pass
        print(children, flush=True)
        os._exit(1)
        """;

    private const string Allocates = """
        taken = []
        try:
            while True:
                taken.append(bytearray(8 << 20))
                if len(taken) > 100:
                    break
        except MemoryError:
            taken.clear()
            print('refused', flush=True)
            raise SystemExit(1)
        print('more than 800 MiB')
        """;

    private const string Writes = """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        file = open('large', 'wb')
        for _ in range(64):
            file.write(bytes(1 << 20))
            file.flush()
        print('64 MiB')
        """;

    // Many small files, in the working folder and wherever else it may write.
    private const string Fills = """
        import os
        written = 0
        try:
            for i in range(100000):
                with open(os.path.join(['.', os.environ['TMPDIR'], '/tmp'][i % 3] if i % 3 < 2 or os.getcwd() == '/home/script' else '.', f'file{i}'), 'wb') as file:
                    file.write(bytes(1 << 16))
                written += 1
        except OSError:
            pass
        print(written)
        """;

    private const string Opens = """
        files = []
        try:
            while len(files) < 500:
                files.append(open('/dev/null'))
        except OSError:
            pass
        print(len(files))
        """;

    [SkippableTheory]
    [InlineData(Mode.RootWithSandbox)]
    [InlineData(Mode.RootWithUsers)]
    [InlineData(Mode.PlainWithSandbox)]
    public async Task A_script_gets_no_more_than_its_job_allows(Mode mode)
    {
        await using var limited = await ModeNode.StartAsync(mode, "--Dcron:Worker:Limits:MemoryBytes", "1073741824");
        var node = limited.Node;
        var hasGroups = (string)(await node.GetAsync("workers"))[0]!["containment"]!["limits_by"]! == "cgroup";

        var (forks, forked) = await RunAsync(node, Forks, new { processes = 20 });
        Assert.InRange(int.Parse(forked, System.Globalization.CultureInfo.InvariantCulture), 10, 20);
        Assert.Equal(hasGroups, ((string)forks["reason"]!).Contains("20 processes", StringComparison.Ordinal));

        var (allocates, said) = await RunAsync(node, Allocates, new { memory_bytes = 256L << 20 });
        Assert.Equal("failed", (string)allocates["execution_result"]!);
        Assert.DoesNotContain("800 MiB", said, StringComparison.Ordinal);
        Assert.Equal(hasGroups, ((string)allocates["reason"]!).Contains("more memory than the 268435456 bytes", StringComparison.Ordinal));

        var (writes, _) = await RunAsync(node, Writes, new { file_size_bytes = 8L << 20 });
        Assert.Equal("SIGXFSZ", (string)writes["signal"]!);
        Assert.Contains("beyond the 8388608 bytes", (string)writes["reason"]!, StringComparison.Ordinal);

        var (busy, _) = await RunAsync(node, "while True: pass", new { cpu_seconds = 1 });
        Assert.Equal("SIGXCPU", (string)busy["signal"]!);
        Assert.Contains("more processor time than the 1 s", (string)busy["reason"]!, StringComparison.Ordinal);
        Assert.InRange((double)busy["use"]!["cpu_seconds"]!, 0.5, 5);

        var (_, opened) = await RunAsync(node, Opens, new { open_files = 64 });
        Assert.InRange(int.Parse(opened, System.Globalization.CultureInfo.InvariantCulture), 40, 64);

        if (ModeNode.IsRoot(mode))
        {
            var (_, filled) = await RunAsync(node, Fills, new { disk_bytes = 4L << 20 });
            Assert.InRange(int.Parse(filled, System.Globalization.CultureInfo.InvariantCulture), 3, 4 << 4);
            await node.PostAsync($"workers/{Uri.EscapeDataString((string)(await node.GetAsync("workers"))[0]!["worker_id"]!)}/drain"); // ends what waits for another such script
            await ProcessBench.UntilAsync(() => !File.ReadAllText($"/proc/{node.Pid}/mounts").Contains(Path.GetDirectoryName(node.DataPath)!, StringComparison.Ordinal));
            await node.PostAsync($"workers/{Uri.EscapeDataString((string)(await node.GetAsync("workers"))[0]!["worker_id"]!)}/undrain");
        }
        else
        {
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => node.StartOnceAsync("python", "pass", new { limits = new { disk_bytes = 4L << 20 } }));
            Assert.Contains("it can't limit that: only a node that is root", refused.Message, StringComparison.Ordinal);
        }

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => node.StartOnceAsync("python", "pass", new { limits = new { memory_bytes = 2L << 30 } }));
        Assert.Contains("limits.memory_bytes is 2147483648, and it allows 1073741824", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(64, (int)(await node.RunOnceAsync("python", "pass", new { limits = new { open_files = 64 } }))["containment"]!["limits"]!["open_files"]!);
    }

    private static async Task<(JsonNode Execution, string Log)> RunAsync(NodeProcess node, string script, object limits)
    {
        var execution = await node.RunOnceAsync("python", script, new { limits });
        return (execution, (await node.LogAsync((string)execution["execution_id"]!)).Trim());
    }
}

using System.Text;
using Dcron.Api.Executions;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Objects;
using Dcron.Tests.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Tests.Browser;

/// <summary>Lines counted and texts found in logs, against the obvious way to do it.</summary>
[Collection(OpenNodeCollection.Name)]
public sealed class LogScanTests(OpenNode shared)
{
    [Fact]
    public async Task Line_breaks_are_counted_by_block_to_the_end()
    {
        var bytes = new byte[(3 * LogScan.BlockBytes) + 17];
        var random = new Random(5);
        random.NextBytes(bytes);
        foreach (var edge in (int[])[0, LogScan.BlockBytes - 1, LogScan.BlockBytes, bytes.Length - 1])
            bytes[edge] = (byte)'\n';
        using var api = shared.Node.Client();
        var id = await StoreAsync(bytes);
        var counts = new List<int>();
        while (true)
        {
            var lines = (await api.GetAsync($"executions/{id}/log/lines?from={counts.Count}")).Ok().Json;
            Assert.Equal((LogScan.BlockBytes, bytes.Length, counts.Count), ((int)lines["block_bytes"]!, (int)lines["size"]!, (int)lines["first_block"]!));
            if (lines["line_breaks"]!.AsArray().Count == 0)
                break;
            counts.AddRange(lines["line_breaks"]!.AsArray().Select(count => (int)count!));
        }

        Assert.Equal(bytes.Chunk(LogScan.BlockBytes).Select(block => block.Count(b => b == '\n')), counts);
    }

    [Fact]
    public async Task Texts_are_found_wherever_chunks_and_calls_are_cut()
    {
        // Matches lie across the chunks' borders, at a megabyte, and in long lines.
        var text = new StringBuilder();
        var random = new Random(7);
        while (text.Length < 2_300_000)
            text.Append(random.Next(40) == 0 ? "Needle in ünïcode" : new string((char)('a' + random.Next(3)), random.Next(200))).Append(random.Next(6) == 0 ? "" : "\n");
        var all = text.ToString();
        var id = await StoreAsync(Encoding.UTF8.GetBytes(all));
        using var api = shared.Node.Client();
        foreach (var needle in (string[])["needle", "n ünïcode", "aab"])
        {
            var expected = all.Split('\n').Select((line, i) => (line, Number: (long)i + 1)).Where(pair => pair.line.Contains(needle, StringComparison.OrdinalIgnoreCase)).Select(pair => pair.Number).ToList();
            var found = new List<long>();
            for (long? offset = 0, line = 1; offset is not null;)
            {
                var matches = (await api.GetAsync($"executions/{id}/log/search?q={Uri.EscapeDataString(needle)}&offset={offset}&line={line}")).Ok().Json;
                found.AddRange(matches["matches"]!.AsArray().Select(match => (long)match!["line"]!).Where(number => found.Count == 0 || number > found[^1]));
                (offset, line) = ((long?)matches["next_offset"], (long?)matches["next_line"]);
            }

            Assert.Equal(expected, found);
        }
    }

    [Theory]
    [InlineData("log/search", 400, "q")]
    [InlineData("log/search?q=x&offset=-1", 400, "offset")]
    [InlineData("log/lines?from=x", 400, "from")]
    public async Task What_is_wrong_with_a_question_is_said(string path, int status, string field)
    {
        using var api = shared.Node.Client();
        var reply = await api.GetAsync($"executions/{await StoreAsync("x\n"u8.ToArray())}/{path}");
        Assert.Equal(status, reply.Status);
        Assert.NotEmpty(reply.Error(field));
    }

    private async Task<string> StoreAsync(byte[] log)
    {
        var (objects, history) = (shared.Node.Services.GetRequiredService<IObjectStore>(), shared.Node.Services.GetRequiredService<ExecutionHistory>());
        var now = TimeProvider.System.GetUtcNow();
        var id = ExecutionId.Scheduled(JobId.New(now), now);
        Assert.True(ObjectLocation.TryParse($"s3://{objects.DefaultBucket}/logs/{id.JobId}.log", out var location, out _));
        await objects.PutAsync(location, log, "text/plain");
        await history.CreateAsync(new ExecutionDocument
        {
            ExecutionId = id, JobId = id.JobId, ExecutionDate = id.FireTime, ExecutionResult = ExecutionResult.Succeeded, LogsPath = location.ToString(), LogBytes = log.Length,
        });
        return id.ToString();
    }
}

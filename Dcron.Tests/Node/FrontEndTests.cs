using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Node;

/// <summary>Dcron.Api alone: a front-end that runs nothing, before a node in another process.</summary>
public sealed class FrontEndTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_job_goes_through_a_front_end_from_its_script_to_its_log_also_after_the_node_was_away()
    {
        var signals = Directory.CreateDirectory(_folder.Of("signals")).FullName;
        await using var node = await NodeProcess.StartAsync(_folder.Of("data"), "--Dcron:Worker:ReadOnlyPaths:0", signals);
        await using var frontEnd = new NodeProcess(node.DataPath) { Program = "Dcron.Api" };
        await frontEnd.StartAgainAsync();

        var id = await frontEnd.StartOnceAsync(
            "python", $"import os, time\nprint('first', flush=True)\nwhile not os.path.exists('{signals}/go'): time.sleep(0.02)\nprint('last')");
        await frontEnd.UntilAsync($"executions/{id}", execution => (string)execution["execution_result"]! == "running");
        using var following = await FollowAsync(frontEnd, id);
        using var lines = new StreamReader(await following.Content.ReadAsStreamAsync());
        Assert.Equal("first\n", await NextTextAsync(lines));
        await File.WriteAllTextAsync(_folder.Of("signals/go"), "");
        Assert.Equal("last\n", await NextTextAsync(lines));
        Assert.Null(await NextTextAsync(lines));

        var execution = await frontEnd.EndOf(id);
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Equal("first\nlast\n", await frontEnd.LogAsync(id));
        Assert.Equal(execution.ToJsonString(), (await node.GetAsync($"executions/{id}")).ToJsonString());
        Assert.Equal(execution["worker_id"]!.ToString(), (await frontEnd.GetAsync("workers"))[0]!["worker_id"]!.ToString());

        await node.KillAsync();
        using (var answer = await frontEnd.Client.PostAsync(new Uri($"jobs/{execution["job_id"]}/run", UriKind.Relative), null))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.NotNull(answer.Headers.RetryAfter);
        }

        Assert.False(await frontEnd.IsReadyAsync());
        using (var live = await frontEnd.Client.GetAsync(new Uri("/healthz/live", UriKind.Relative)))
        {
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        }

        await node.StartAgainAsync();
        await UntilReadyAsync(frontEnd);
        Assert.Equal("succeeded", (string)(await frontEnd.RunOnceAsync("python", "print('again')"))["execution_result"]!);
        Assert.Equal("first\nlast\n", await frontEnd.LogAsync(id));
    }

    [Fact]
    public async Task A_front_end_that_is_there_before_any_silo_says_so_and_goes_on_when_one_comes()
    {
        await using var frontEnd = new NodeProcess(_folder.Of("data")) { Program = "Dcron.Api" };
        frontEnd.Launch();
        var ready = await Cluster.StartTests.AnswersAsync(frontEnd, "/healthz/ready", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("not joined yet", (string)ready["checks"]!["cluster"]!);
        Assert.DoesNotContain("   at ", frontEnd.Output, StringComparison.Ordinal);

        await using var node = await NodeProcess.StartAsync(frontEnd.DataPath);
        await UntilReadyAsync(frontEnd);
        Assert.Equal("succeeded", (string)(await frontEnd.RunOnceAsync("python", "pass"))["execution_result"]!);
    }

    private static async Task UntilReadyAsync(NodeProcess frontEnd)
    {
        var end = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(60);
        while (!await frontEnd.IsReadyAsync())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, "the front-end finds the node again\n" + frontEnd.Output);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task<HttpResponseMessage> FollowAsync(NodeProcess frontEnd, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"executions/{id}/log?follow=true", UriKind.Relative));
        return await frontEnd.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    // Puts together what comes until a line is whole; null at the end of the stream.
    private static async Task<string?> NextTextAsync(StreamReader lines)
    {
        var text = new StringBuilder();
        while (text.Length == 0 || text[^1] != '\n')
        {
            if (await lines.ReadLineAsync() is not { } line)
            {
                return text.Length == 0 ? null : text.ToString();
            }

            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                text.Append((string?)JsonNode.Parse(line["data: ".Length..])!["text"]);
            }
        }

        return text.ToString();
    }
}

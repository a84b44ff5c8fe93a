using System.Net;
using System.Text.Json.Nodes;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Dcron.Tests.Node;
using Dcron.Tests.Storage;

namespace Dcron.Tests.Cluster;

/// <summary>What keeps a silo from starting, or lets it wait.</summary>
public sealed class StartTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_silo_of_another_cluster_is_refused_by_the_store_and_told_so()
    {
        await using var first = await NodeProcess.StartAsync(_folder.Of("data"), "--Dcron:Cluster:ClusterId", "one");
        var (code, output) = await NodeProcess.RunToExitAsync(_folder.Of("data"), "--Dcron:Cluster:ClusterId", "two");
        Assert.Equal(1, code);
        Assert.Contains("The document store belongs to the cluster 'one', but Dcron:Cluster:ClusterId is 'two' here.", output, StringComparison.Ordinal);
        OnlyTheSentence(output);
        await first.RunOnceAsync("python", "pass");
    }

    [Theory]
    [InlineData("Dcron.Silo")]
    [InlineData("Dcron.Api")]
    public async Task A_store_of_a_newer_version_is_refused_in_one_sentence(string program)
    {
        await using (var first = await NodeProcess.StartAsync(_folder.Of("data")))
        {
            await first.StopAsync();
        }

        await using (var store = new SqliteDocumentStore(Path.Combine(_folder.Of("data"), "dcron.db"), TimeSpan.FromSeconds(5)))
        {
            var mark = (await store.GetAsync("cluster", "cluster"))!;
            await store.WriteAsync("cluster", new DocumentWrite.Replace("cluster", mark.Revision, """{"schema":9,"cluster_id":"dcron","readable_from":8}"""u8.ToArray()));
        }

        await using var older = new NodeProcess(_folder.Of("data")) { Program = program };
        older.Launch();
        await older.EndsAsync();
        Assert.Equal(1, older.ExitCode);
        Assert.Contains("The document store was written by a newer dcron: its record has the schema 9, for versions that know 8 or later, and this one knows 1. Start that newer version here", older.Output, StringComparison.Ordinal);
        OnlyTheSentence(older.Output);
    }

    [Fact]
    public async Task Ports_that_are_taken_are_told_in_a_sentence()
    {
        await using var first = await NodeProcess.StartAsync(_folder.Of("data"));
        var (code, output) = await NodeProcess.RunToExitAsync(_folder.Of("other"), "--urls", $"http://127.0.0.1:{first.ApiPort}");
        Assert.Equal(1, code);
        Assert.Contains("The API can't listen: ", output, StringComparison.Ordinal);
        OnlyTheSentence(output);

        (code, output) = await NodeProcess.RunToExitAsync(_folder.Of("other"), "--Dcron:Cluster:SiloPort", $"{first.SiloPort}");
        Assert.Equal(1, code);
        Assert.Contains("The ports of the silo are taken", output, StringComparison.Ordinal);

        (code, output) = await NodeProcess.RunToExitAsync(_folder.Of("other"), "--Dcron:Cluster:AdvertisedAddress", "192.0.2.1", "--Dcron:Cluster:AllowUnencrypted", "true");
        Assert.Equal(1, code);
        Assert.Contains("none of this machine's", output, StringComparison.Ordinal);
        await first.RunOnceAsync("python", "pass");
    }

    [SkippableFact]
    public async Task Two_machines_with_one_address_are_told_apart_by_their_names()
    {
        Requirement.Needs(Environment.UserName == "root", "only root can give a process a host name of its own");
        await using var first = await NodeProcess.StartAsync(_folder.Of("data"));
        await using var second = Another("unshare --uts --net", "ip link set lo up"); // with ports of its own, as a machine has
        second.Launch();
        await second.EndsAsync();
        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"is alive and has the address 127.0.0.1:{first.SiloPort} as well", second.Output, StringComparison.Ordinal);
        await first.RunOnceAsync("python", "pass");

        // Once the first is gone for good, its place is free.
        await first.KillAsync();
        await using var third = Another("unshare --uts", "true");
        await third.StartAgainAsync();

        NodeProcess Another(string apart, string prepare) => new(_folder.Of("data"), "--Dcron:Cluster:SiloPort", $"{first.SiloPort}")
        {
            Wrapper = [.. apart.Split(' '), "sh", "-c", $"{prepare} && hostname another-machine && exec \"$@\"", "sh"],
        };
    }

    [Fact]
    public async Task A_silo_without_its_store_listens_lives_is_not_ready_says_why_and_stops_when_told()
    {
        await using var node = new NodeProcess(
            _folder.Of("data"), "--Dcron:Objects:Provider", "S3", "--Dcron:Objects:S3:Endpoint", "http://127.0.0.1:9", "--Dcron:Objects:S3:AccessKey", "a", "--Dcron:Objects:S3:SecretKey", "b");
        node.Launch();
        await AnswersAsync(node, "/healthz/live", HttpStatusCode.OK);
        var ready = await AnswersAsync(node, "/healthz/ready", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("out of reach", (string)ready["checks"]!["objects"]!);
        Assert.Equal("ok", (string)ready["checks"]!["documents"]!);
        Assert.Equal("not joined yet", (string)ready["checks"]!["cluster"]!);
        var refused = await AnswersAsync(node, "/api/v1/jobs", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("The node is starting", (string)refused["title"]!);
        Assert.Contains("Waiting for the stores: The object store at", node.Output, StringComparison.Ordinal);
        await node.StopAsync();
        Assert.Equal(0, node.ExitCode);
    }

    // A stack trace tells nobody what to do, and hides the sentence that does.
    private static void OnlyTheSentence(string output)
    {
        foreach (var trace in (string[])["Unhandled exception", "   at ", "Exception:"])
        {
            Assert.False(output.Contains(trace, StringComparison.Ordinal), $"It has '{trace}' in it: {output}");
        }
    }

    internal static async Task<JsonNode> AnswersAsync(NodeProcess node, string path, HttpStatusCode status)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var answer = await node.Client.GetAsync(new Uri(path, UriKind.Relative));
                var text = await answer.Content.ReadAsStringAsync();
                if (answer.StatusCode == status || tries > 600)
                {
                    Assert.Equal(status, answer.StatusCode);
                    return JsonNode.Parse(text)!;
                }
            }
            catch (HttpRequestException) when (tries < 600)
            {
                // not listening yet
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

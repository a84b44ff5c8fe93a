using Dcron.Tests.Node;
using Dcron.Tests.Processes;

namespace Dcron.Tests.Security;

/// <summary>What <c>Dcron:Worker:Sandbox</c> does where bubblewrap does not work.</summary>
public sealed class SandboxModeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task A_node_that_requires_a_sandbox_and_has_none_refuses_to_start_and_says_the_way_out()
    {
        await using var node = await WithoutBubblewrapAsync("require");
        node.Launch();
        await ProcessBench.UntilAsync(() => !node.IsRunning);
        Assert.NotEqual(0, node.ExitCode);
        Assert.Contains("Sandbox is 'require', but bubblewrap does not work here (", node.Output, StringComparison.Ordinal);
        Assert.Contains("apt-get install bubblewrap", node.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task By_itself_a_node_goes_on_without_and_says_why()
    {
        await using var node = await WithoutBubblewrapAsync("auto");
        await node.StartAgainAsync();
        var containment = (await node.GetAsync("workers"))[0]!["containment"]!;
        Assert.Equal("none", (string)containment["sandbox"]!);
        Assert.Contains("does not work here", (string)containment["sandbox_reason"]!, StringComparison.Ordinal);
        Assert.Contains("Scripts are contained by no sandbox", node.Output, StringComparison.Ordinal);

        var execution = await node.RunOnceAsync("python", "import os; print(os.getuid())");
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => node.StartOnceAsync("python", "pass", new { network = false }));
        Assert.Contains("network is false, which needs a sandbox", refusal.Message, StringComparison.Ordinal);
    }

    // Another program in its place, for this node only.
    private Task<NodeProcess> WithoutBubblewrapAsync(string mode)
    {
        Programs.Unless(Environment.UserName == "root", "only root can put another program in bubblewrap's place");
        var program = Programs.Need("bwrap");
        return Task.FromResult(new NodeProcess(_folder.Of("data"), "--Dcron:Worker:Sandbox", mode, "--Dcron:Worker:WorkPath", _folder.Of("public"))
        {
            Wrapper = ["unshare", "--mount", "sh", "-c", "mount --bind /bin/false \"$0\" && exec \"$@\"", program],
        });
    }
}

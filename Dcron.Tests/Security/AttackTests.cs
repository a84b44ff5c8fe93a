using System.Text.Json.Nodes;
using Dcron.Tests.Node;

namespace Dcron.Tests.Security;

/// <summary>Scripts that try to get out, on real nodes, in each way in which a node can contain them. What a way does not hold is asserted too: docs/security.md says so.</summary>
public sealed class AttackTests
{
    private static readonly string Attack = File.ReadAllText(Path.Combine(Repository.Root, "Dcron.Tests", "Security", "attack.py"));

    [SkippableTheory]
    [InlineData(Mode.RootWithSandbox)]
    [InlineData(Mode.RootWithUsers)]
    [InlineData(Mode.PlainWithSandbox)]
    [InlineData(Mode.PlainWithout)]
    public async Task A_script_gets_at_nothing_that_its_containment_keeps(Mode mode)
    {
        await using var attacked = await ModeNode.StartAsync(mode);
        var node = attacked.Node;
        var victim = await attacked.StartVictimAsync();
        var isHeld = mode != Mode.PlainWithout;

        var found = await AttackAsync(attacked, network: null);
        Assert.Equal(isHeld, found["data folder listed"] is null);
        Assert.Equal(isHeld, found["database read"] is null);
        Assert.Equal(isHeld, found["database written"] is null);
        Assert.Equal(isHeld, Texts(found, "environments").Count == 0);
        Assert.Equal(isHeld, Texts(found, "treasures").Count == 0);
        Assert.Equal(isHeld, found["node signalled"] is null);
        Assert.True(!isHeld || found["node traced"] is null);

        // These hold everywhere.
        Assert.Empty(Texts(found, "written outside"));
        Assert.Empty(Texts(found, "keys read"));
        Assert.Null(found["kernel settings written"]);
        Assert.Null(found["became root"]);
        Assert.Null(found["mounted"]);
        Assert.Equal(["", "", "", "1"], Texts(found, "capabilities"));
        Assert.Empty(found["groups"]!.AsArray());
        Assert.Empty(found["descriptors"]!.AsArray());
        Assert.NotEqual(0, (long)found["user"]!);
        Assert.Equal("refused with 401", (string)found["API opened"]!);
        if (isHeld)
        {
            Assert.Null(found["script overwritten"]);
            await AttackAsync(attacked, network: null, killsAll: true);
            Assert.Equal("running", (string)(await node.GetAsync($"executions/{victim}"))["execution_result"]!);
        }

        if (ModeNode.HasSandbox(mode))
        {
            var cut = await AttackAsync(attacked, network: false);
            Assert.Empty(cut["ports"]!.AsArray());
            Assert.Null(cut["API opened"]);
        }

        await LeavesNothingBehindAsync(attacked, mode);
        var shown = (await node.GetAsync("workers"))[0]!["containment"]!;
        Assert.Equal(ModeNode.HasSandbox(mode) ? "bubblewrap" : "none", (string)shown["sandbox"]!);
        Assert.Equal(ModeNode.IsRoot(mode) ? "own" : "node", (string)shown["user"]!);
        await node.PostAsync($"executions/{victim}/cancel");
        var end = await node.EndOf(victim);
        Assert.Equal("cancelled", (string)end["execution_result"]!);
        Assert.Equal(shown["sandbox"]!.ToString(), end["containment"]!["sandbox"]!.ToString());
        Assert.True((double)end["use"]!["cpu_seconds"]! > 0, "what it used is told");
        if (mode != Mode.PlainWithSandbox)
        {
            Assert.True((long)end["use"]!["memory_peak_bytes"]! > 0, "what it used is told");
        }
    }

    private static async Task<JsonObject> AttackAsync(ModeNode attacked, bool? network, bool killsAll = false)
    {
        var node = attacked.Node;
        var execution = await node.RunOnceAsync("python", Attack, new
        {
            args = new[] { node.DataPath, $"{node.Pid}", $"{node.ApiPort}", $"{node.SiloPort}", $"{node.GatewayPort}" },
            env = new { ATTACK = killsAll ? "--killall" : "" },
            network,
        });
        var log = await node.LogAsync((string)execution["execution_id"]!);
        Assert.True((string)execution["execution_result"]! == "succeeded", $"{execution.ToJsonString()}\n{log}");
        return JsonNode.Parse(log)!.AsObject();
    }

    // Two forks, a session of its own and no variable by which it could be known.
    private static async Task LeavesNothingBehindAsync(ModeNode attacked, Mode mode)
    {
        var mark = $"600.{Random.Shared.Next(100_000, 999_999)}";
        var execution = await attacked.Node.RunOnceAsync("python", $$"""
            import os, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.execve('/bin/sleep', ['sleep', '{{mark}}'], {})
                os._exit(0)
            os.wait()
            time.sleep(0.2)
            """);
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        var left = Hosts.With(mark);
        if (mode != Mode.PlainWithout)
        {
            Assert.Empty(left);
        }

        left.ForEach(pid => System.Diagnostics.Process.GetProcessById(pid).Kill()); // docs/security.md: without any of them it can't be known
    }

    private static List<string> Texts(JsonObject found, string name) => [.. found[name]!.AsArray().Select(text => (string)text!)];
}

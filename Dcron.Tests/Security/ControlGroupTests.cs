using System.Diagnostics;
using Dcron.Grains.Containing;
using Dcron.Grains.Processes.Containing;

namespace Dcron.Tests.Security;

/// <summary>What is written to control groups of version 2, on a folder that stands for one: machines whose controllers are in version 1 have none to try.</summary>
public sealed class ControlGroupTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Limits_and_processes_are_written_and_use_is_read()
    {
        var groups = new ControlGroups(GroupFiles.Unified, _folder.Path, _folder.Path, _folder.Path);
        var group = groups.Make("a");
        group.Limit(new ScriptLimits { MemoryBytes = 4096, Processes = 7 });
        var made = Assert.Single(Directory.GetDirectories(_folder.Path));
        Assert.Null(group.Add(42));

        Assert.Equal("4096", File.ReadAllText(Path.Combine(made, "memory.max")));
        Assert.Equal("7", File.ReadAllText(Path.Combine(made, "pids.max")));
        Assert.Equal("0", File.ReadAllText(Path.Combine(made, "cgroup.max.descendants")));
        Assert.Equal("42", File.ReadAllText(Path.Combine(made, "cgroup.procs")));

        File.WriteAllText(Path.Combine(made, "cpu.stat"), "usage_usec 1500000\nuser_usec 1\n");
        File.WriteAllText(Path.Combine(made, "memory.peak"), "8192\n");
        File.WriteAllText(Path.Combine(made, "memory.events"), "low 0\noom 1\noom_kill 2\noom_group_kill 1\n");
        File.WriteAllText(Path.Combine(made, "pids.events"), "max 3\n");
        Assert.Equal(new GroupUse(TimeSpan.FromSeconds(1.5), 8192, 2, 3), group.Use());
    }

    [Theory]
    [InlineData("/system.slice/dcron.service", "/system.slice/dcron.service")]
    [InlineData("/system.slice/dcron.service/dcron-node", "/system.slice/dcron.service")]
    [InlineData("/dcron-node", "/")]
    [InlineData("/", "/")]
    [InlineData("/dcron-node/other", "/dcron-node/other")]
    public void A_node_divides_its_group_or_the_one_that_a_node_before_it_has_divided(string own, string divided) =>
        Assert.Equal(divided, ControlGroups.Divided(own));

    [SkippableFact]
    public void What_is_in_a_group_ends_with_it()
    {
        var groups = ControlGroups.Find(out var reason);
        Skip.If(groups is null, reason);
        var group = groups.Make("ends");
        using var first = Process.Start("sleep", ["600"]);
        using var second = Process.Start("sleep", ["600"]);
        Assert.Null(group.Add(first.Id));
        Assert.Null(group.Add(second.Id));

        group.Remove();

        Assert.True(group.IsGone);
        first.WaitForExit();
        second.WaitForExit();
        Assert.All([first, second], process => Assert.Equal(128 + 9, process.ExitCode));
    }

    [Theory]
    [InlineData("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate", "/system.slice/dcron.service", "/sys/fs/cgroup/system.slice/dcron.service")]
    [InlineData("30 23 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", "/docker/abc/x", "/sys/fs/cgroup/memory/x")]
    [InlineData("30 23 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", "/docker/abc", "/sys/fs/cgroup/memory")]
    [InlineData("30 23 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", "/other", null)]
    public void A_groups_folder_is_found_through_its_mount(string line, string group, string? folder) =>
        Assert.Equal(folder, GroupMount.Parse(line)!.FolderOf(group));
}

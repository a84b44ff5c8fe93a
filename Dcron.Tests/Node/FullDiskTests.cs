using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Node;

/// <summary>Disks that are full or read-only: small file systems of their own, which only root can mount.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly List<string> _mounts = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var mount in _mounts)
        {
            await Run("umount", "-l", mount);
        }

        _folder.Dispose();
    }

    [SkippableFact]
    public async Task When_the_spool_is_full_the_script_runs_on_and_the_result_says_that_its_log_is_incomplete()
    {
        await using var node = await StartWithMountAsync("nodes", "size=1m");
        var execution = await node.RunOnceAsync("python", "import sys\nfor _ in range(4096): sys.stdout.write('x' * 1023 + '\\n')\nsys.stdout.flush()");
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Contains("log", (string)execution["reason"]!, StringComparison.Ordinal);
        Assert.InRange((long)execution["log_bytes"]!, 100_000, 1_100_000);
        Assert.Equal("succeeded", (string)(await node.RunOnceAsync("python", "print('next')"))["execution_result"]!);
    }

    [SkippableFact]
    public async Task When_the_object_store_is_full_the_log_waits_and_follows_once_there_is_room()
    {
        await using var node = await StartWithMountAsync("objects", "size=1m");
        var id = await node.StartOnceAsync("python", "import sys\nfor _ in range(300): sys.stdout.write('y' * 1023 + '\\n')");
        await node.EndOf(id); // takes the room of the first log
        var job = await node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = await node.UploadAsync("z.py", "print('z' * 200000)") });
        var filler = Path.Combine(node.DataPath, "objects", "filler");
        await FillAsync(filler);
        var second = (string)(await node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!;
        var waiting = await node.EndOf(second);
        Assert.Equal("succeeded", (string)waiting["execution_result"]!);
        Assert.Null((string?)waiting["logs_path"]);
        Assert.Contains("waits", (string)waiting["reason"]!, StringComparison.Ordinal);

        File.Delete(filler);
        var stored = await node.UntilAsync($"executions/{second}", execution => execution["logs_path"] is not null);
        Assert.Null((string?)stored["reason"]);
        Assert.Equal(new string('z', 200000) + "\n", await node.LogAsync(second));
    }

    [SkippableFact]
    public async Task When_the_object_folder_is_not_writable_callers_are_told_and_logs_wait_until_it_is()
    {
        await using var node = await StartWithMountAsync("objects", "size=1m");
        var job = await node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = await node.UploadAsync("a.py", "print('written down')") });

        // A read-only view over it, since what has files open for writing can't be made read-only itself.
        var view = _mounts[0];
        Assert.Equal(0, await Run("mount", "--bind", view, view));
        _mounts.Add(view);
        Assert.Equal(0, await Run("mount", "-o", "remount,bind,ro", view));

        using (var refused = await node.Client.PostAsync(new Uri("scripts?name=b.py", UriKind.Relative), new StringContent("pass")))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        var id = (string)(await node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!;
        var waiting = await node.EndOf(id);
        Assert.Equal("succeeded", (string)waiting["execution_result"]!);
        Assert.Null((string?)waiting["logs_path"]);

        Assert.Equal(0, await Run("umount", "-l", view));
        _mounts.Remove(view);
        await node.UntilAsync($"executions/{id}", execution => execution["logs_path"] is not null);
        Assert.Equal("written down\n", await node.LogAsync(id));
    }

    private static async Task FillAsync(string path)
    {
        try
        {
            await File.WriteAllBytesAsync(path, new byte[2_000_000]);
        }
        catch (IOException)
        {
            // full, as intended
        }
    }

    private async Task<NodeProcess> StartWithMountAsync(string folder, string options)
    {
        var (data, mount) = (_folder.Of("data"), Path.Combine(_folder.Of("data"), folder));
        Directory.CreateDirectory(mount);
        var mounted = Environment.UserName == "root" && await Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", mount) == 0;
        if (!mounted)
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") != "true", "CI must be able to mount a tmpfs");
            Skip.If(true, "only root can mount a small file system");
        }

        _mounts.Add(mount);
        return await NodeProcess.StartAsync(data);
    }

    private static async Task<int> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}

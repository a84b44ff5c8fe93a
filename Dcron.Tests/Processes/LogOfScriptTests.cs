using System.Diagnostics;
using Dcron.Grains.Processes;

namespace Dcron.Tests.Processes;

/// <summary>Logs that are too large, and disks that are too small. Alone, as memory is measured.</summary>
[Collection(nameof(LogOfScriptTests))]
[CollectionDefinition(nameof(LogOfScriptTests), DisableParallelization = true)]
public sealed class LogOfScriptTests : IAsyncLifetime
{
    private ProcessBench _bench = null!;

    public Task InitializeAsync()
    {
        _bench = new ProcessBench();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_gigabyte_of_output_is_cut_and_costs_no_memory()
    {
        const long gigabyte = 1024L * 1024 * 1024;
        const long limit = 10L * 1024 * 1024;
        await _bench.RunAsync(_bench.Bash("echo warm")); // code and timers of a first run are not what is measured
        var before = GC.GetTotalAllocatedBytes(precise: true);

        var command = _bench.Bash("head -c $1 /dev/zero; exit 9", gigabyte.ToString(System.Globalization.CultureInfo.InvariantCulture)) with { LogLimitBytes = limit };
        var run = _bench.Start(command);
        var exit = await run.Completion.WaitAsync(ProcessBench.Patience);

        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(9, Assert.IsType<ScriptExit.Exited>(exit).Code);
        Assert.Equal(gigabyte - limit, run.Log.Discarded);
        var marker = $"\n[dcron: the log was cut here at {limit} bytes; {gigabyte - limit} more bytes were discarded]\n";
        Assert.Equal(limit + marker.Length, new FileInfo(command.LogPath).Length);
        Assert.Equal(marker, await ReadEndAsync(command.LogPath, marker.Length));
        Assert.InRange(allocated, 0, 2 * 1024 * 1024);
        run.Log.Dispose();
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task On_a_full_disk_the_script_runs_on_and_the_log_says_what_is_missing(bool onMarkedErrors)
    {
        var mount = Programs.Need("mount");
        var disk = Path.Combine(_bench.Folder, "disk");
        Directory.CreateDirectory(disk);
        Programs.Unless(await SucceedsAsync(mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk), "a small disk can't be mounted (it takes root)");
        try
        {
            var command = _bench.Bash((onMarkedErrors ? "exec >&2; " : "") + "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end; touch $1; exit 6", Path.Combine(_bench.Folder, "ran-on"));
            command = command with { LogPath = Path.Combine(disk, "log"), MarksErrors = onMarkedErrors };
            var run = _bench.Start(command);
            var exit = await run.Completion.WaitAsync(ProcessBench.Patience);
            run.Log.Dispose();

            Assert.Equal(6, Assert.IsType<ScriptExit.Exited>(exit).Code);
            Assert.True(File.Exists(Path.Combine(_bench.Folder, "ran-on")));
            Assert.Equal("The log could not be written (No space left on device).", exit.Trouble);
            Assert.InRange(run.Log.Length, 1, 64 * 1024);
            Assert.EndsWith(
                $"\n[dcron: The log could not be written (No space left on device). {run.Log.Discarded} bytes are missing from here on]\n",
                await File.ReadAllTextAsync(command.LogPath),
                StringComparison.Ordinal);
        }
        finally
        {
            Assert.True(await SucceedsAsync(Programs.Need("umount"), disk));
        }
    }

    private static async Task<string> ReadEndAsync(string path, int length)
    {
        await using var file = File.OpenRead(path);
        file.Seek(-length, SeekOrigin.End);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }

    private static async Task<bool> SucceedsAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(ProcessBench.Patience);
        return process.ExitCode == 0;
    }
}

using System.Text.Json.Nodes;
using Dcron.Tests.Security;

namespace Dcron.Tests.Node;

/// <summary>Every way in which a script can end, through the whole of a real node.</summary>
[Collection(SharedNodeCollection.Name)]
public sealed class ScriptEndTests(SharedNode shared)
{
    [Theory]
    [InlineData("python", "print('hello from python')", "hello from python\n")]
    [InlineData("ruby", "puts 'hello from ruby'", "hello from ruby\n")]
    public async Task What_a_script_prints_is_its_log(string type, string script, string log)
    {
        var execution = await shared.RunAsync(type, script);
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Equal(0, (int)execution["exit_status"]!);
        Assert.Equal(log, await shared.Node.LogAsync((string)execution["execution_id"]!));
        Assert.Equal(log.Length, (long)execution["log_bytes"]!);
        Assert.StartsWith("s3://dcron/logs/", (string)execution["logs_path"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_finds_what_the_API_promises_in_its_environment_and_nothing_else()
    {
        var execution = await shared.RunAsync("python", "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))",
            new { args = new[] { "one", "two words" }, env = new { GREETING = "olá" }, name = "environment" });
        var (log, id) = (JsonNode.Parse(await shared.Node.LogAsync((string)execution["execution_id"]!))!, (string)execution["execution_id"]!);
        var environment = log[0]!.AsObject().ToDictionary(pair => pair.Key, pair => (string)pair.Value!);
        Assert.Equal(id, environment["DCRON_EXECUTION_ID"]);
        Assert.Equal((string)execution["job_id"]!, environment["DCRON_JOB_ID"]);
        Assert.Equal("environment", environment["DCRON_JOB_NAME"]);
        Assert.Equal("1", environment["DCRON_ATTEMPT"]);
        Assert.Equal((DateTimeOffset)execution["execution_date"]!, DateTimeOffset.Parse(environment["DCRON_FIRE_TIME"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal("olá", environment["GREETING"]);
        Assert.DoesNotContain(environment.Keys, name => name.StartsWith("DOTNET", StringComparison.Ordinal) || name is "USER" or "PWD_OLD" or "CI");
        Assert.Equal(["one", "two words"], log[1]!.AsArray().Select(arg => (string)arg!));
    }

    [Theory]
    [InlineData("raise SystemExit(255)", "failed", 255, null)]
    [InlineData("raise SystemExit(137)", "failed", 137, null)]
    [InlineData("raise SystemExit(130)", "failed", 130, null)]
    [InlineData("import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGINT)", "failed", null, "SIGINT")]
    [InlineData("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "failed", null, "SIGKILL")]
    [InlineData("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "failed", null, "SIGSEGV")]
    [InlineData("import nothing_of_that_name", "failed", 1, null)]
    [InlineData("pass", "succeeded", 0, null)]
    public async Task The_end_of_the_process_is_the_result(string script, string result, int? status, string? signal)
    {
        var execution = await shared.RunAsync("python", script);
        Assert.Equal(result, (string)execution["execution_result"]!);
        Assert.Equal(status, (int?)execution["exit_status"]);
        Assert.Equal(signal, (string?)execution["signal"]);
        Assert.Equal(result == "succeeded", execution["reason"] is null);
    }

    [Theory]
    [InlineData("pass", "")]
    [InlineData("import sys; sys.stdout.write('no end of line')", "no end of line")]
    [InlineData("import os, time; os.write(1, b'before\\n'); os.close(1); os.close(2); time.sleep(0.5); open('ran-on', 'w'); os._exit(0)", "before\n")]
    public async Task Output_may_be_nothing_end_anywhere_or_be_closed(string script, string log)
    {
        var execution = await shared.RunAsync("python", script);
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Equal(log, await shared.Node.LogAsync((string)execution["execution_id"]!));
        Assert.Equal(log.Length, (long)execution["log_bytes"]!);
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF8_are_kept_as_they_are()
    {
        var execution = await shared.RunAsync("python", "import sys; sys.stdout.buffer.write(bytes(range(256)))");
        var bytes = await shared.Node.Client.GetByteArrayAsync(new Uri($"executions/{execution["execution_id"]}/log", UriKind.Relative));
        Assert.Equal(Enumerable.Range(0, 256).Select(i => (byte)i), bytes);
    }

    [Fact]
    public async Task A_script_with_a_source_that_is_no_UTF8_is_run_as_it_is()
    {
        using var content = new ByteArrayContent([.. "# -*- coding: latin-1 -*-\nprint(len('"u8, 0xE9, .. "'))\n"u8]);
        using var answer = await shared.Node.Client.PostAsync(new Uri("scripts?name=latin.py", UriKind.Relative), content);
        var location = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["script_location"]!;
        var job = await shared.Node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = location });
        var execution = await shared.Node.EndOf((string)(await shared.Node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!);
        Assert.Equal("1\n", await shared.Node.LogAsync((string)execution["execution_id"]!));
    }

    [Fact]
    public async Task Too_much_output_is_cut_with_a_visible_mark()
    {
        var execution = await shared.RunAsync("python", "import sys\nfor _ in range(1000): sys.stdout.write('x' * 1048576)");
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.InRange((long)execution["log_bytes"]!, 2_000_000, 2_001_000);
        Assert.Contains("[dcron: the log was cut", await shared.Node.LogAsync((string)execution["execution_id"]!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_ignores_SIGTERM_is_timed_out_all_the_same()
    {
        var execution = await shared.RunAsync("python",
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)", new { timeout_seconds = 1 });
        Assert.Equal("timed_out", (string)execution["execution_result"]!);
        Assert.Equal("SIGKILL", (string)execution["signal"]!);
        Assert.StartsWith("deaf\n", await shared.Node.LogAsync((string)execution["execution_id"]!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Children_left_behind_are_ended()
    {
        var execution = await shared.RunAsync("python", "import subprocess; subprocess.Popen(['sleep', '600'])");
        Assert.Equal("succeeded", (string)execution["execution_result"]!);
        Assert.Empty(Hosts.Bearing((string)execution["execution_id"]!));
    }

    [Fact]
    public async Task A_running_script_can_be_cancelled()
    {
        var id = await shared.Node.StartOnceAsync("python", "import time; print('working', flush=True); time.sleep(600)");
        await shared.Node.UntilAsync($"executions/{id}", execution => (string)execution["execution_result"]! == "running");
        await shared.Node.PostAsync($"executions/{id}/cancel");
        var execution = await shared.Node.EndOf(id);
        Assert.Equal("cancelled", (string)execution["execution_result"]!);
    }

    [Fact]
    public async Task A_script_that_is_deleted_after_its_job_was_created_fails_with_that_reason()
    {
        var location = await shared.Node.UploadAsync("gone.py", "print('never seen again')");
        var job = await shared.Node.CreateJobAsync(new { time = "0 0 1 1 *", script_type = "python", script_location = location });
        foreach (var file in Directory.EnumerateFiles(Path.Combine(shared.Node.DataPath, "objects", "dcron"), "*", SearchOption.AllDirectories)
                     .Where(file => File.ReadAllText(file) == "print('never seen again')"))
        {
            File.Delete(file);
        }

        var execution = await shared.Node.EndOf((string)(await shared.Node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!);
        Assert.Equal("failed", (string)execution["execution_result"]!);
        Assert.Contains(location, (string)execution["reason"]!, StringComparison.Ordinal);
    }
}

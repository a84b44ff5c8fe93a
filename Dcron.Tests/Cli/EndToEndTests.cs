using System.Text;
using System.Text.Json.Nodes;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cli;

/// <summary>The built <c>dcron</c> against a real node.</summary>
[Collection(SharedNodeCollection.Name)]
public sealed class EndToEndTests(SharedNode shared) : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Server => $"http://127.0.0.1:{shared.Node.ApiPort}";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_jobs_whole_life_goes_by_its_name()
    {
        var script = Write("greet.py", "import sys; print('hello', *sys.argv[1:])");

        var created = await DcronAsync("job", "create", "--time", "0 0 1 1 *", "--name", "whole life", "--timezone", "Europe/Lisbon", "--label", "team=cli", script, "--", "dear", "--world");
        Assert.StartsWith("Created whole life (", created.Out, StringComparison.Ordinal);

        var run = await DcronAsync("job", "run", "whole life", "--wait");
        Assert.Matches(@"^\w+@\w+\.m1 succeeded after ", run.Out);
        Assert.Equal("hello dear --world\n", (await DcronAsync("logs", "whole life")).Out);
        Assert.Matches(@"\.m1 .* succeeded +0 ", (await DcronAsync("executions", "whole life")).Out);

        await DcronAsync("job", "pause", "whole life");
        Assert.Contains("whole life", (await DcronAsync("job", "list", "--disabled", "--label", "team=cli")).Out, StringComparison.Ordinal);
        await DcronAsync("job", "resume", "whole life");
        await DcronAsync("job", "update", "whole life", "--time", "@daily", "--timeout", "5m", "--");
        var shown = JsonNode.Parse((await DcronAsync("job", "show", "whole life", "--json")).Out)!;
        Assert.Equal(("@daily", 300, 0, true), ((string)shown["time"]!, (int)shown["timeout_seconds"]!, shown["args"]!.AsArray().Count, (bool)shown["enabled"]!));
        var versions = JsonNode.Parse((await DcronAsync("job", "versions", "whole life", "--json")).Out)!.AsArray();
        Assert.Contains(versions, v => (string)v!["time"]! == "0 0 1 1 *");
        Assert.Contains(versions, v => (string)v!["time"]! == "@daily");

        await DcronAsync("job", "delete", "whole life");
        var gone = await DcronProcess.RunAsync(shared.Node, "job", "show", "whole life");
        Assert.Equal(1, gone.Code);
        Assert.Contains("No job has the name or id 'whole life'.", gone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_fails_is_exit_code_1_and_its_own_status_is_shown()
    {
        await DcronAsync("job", "create", "--time", "0 0 1 1 *", "--name", "fails", Write("fails.rb", "puts 'on the way'; exit 3"));

        var run = await DcronProcess.RunAsync(shared.Node, "job", "run", "fails", "--wait");
        var machine = await DcronProcess.RunAsync(shared.Node, "job", "run", "fails", "--wait", "--json");

        Assert.Equal(1, run.Code);
        Assert.Contains(" failed with exit status 3 ", run.Out, StringComparison.Ordinal);
        Assert.Equal((1, 3), (machine.Code, (int)JsonNode.Parse(machine.Out)!["exit_status"]!));
    }

    [Fact]
    public async Task Json_is_what_the_API_says_to_the_letter()
    {
        var created = await DcronAsync("job", "create", "--time", "0 0 1 1 *", Write("a.py", "pass"), "--json");
        var id = (string)JsonNode.Parse(created.Out)!["job_id"]!;

        var shown = await DcronAsync("job", "show", id, "--json");

        Assert.Equal(await shared.Node.Client.GetStringAsync(new Uri($"jobs/{id}", UriKind.Relative)), shown.Out.TrimEnd('\n'));
        Assert.Empty(shown.Error);
    }

    [Fact]
    public async Task A_refusal_names_the_field_the_reason_and_the_way_out()
    {
        var refused = await DcronProcess.RunAsync(shared.Node, "job", "create", "--time", "31 2 *", "--timezone", "Europe/Lisboa", Write("a.py", "pass"));

        Assert.Equal((1, ""), (refused.Code, refused.Out));
        Assert.Matches("^dcron: .+\n(  .+\n)*  time: .+", refused.Error);
        Assert.Contains("\n  timezone: ", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_is_too_large_is_refused_and_not_taken_for_a_broken_line()
    {
        var large = _folder.Of("large.py");
        using (var file = File.Create(large))
            file.SetLength(17 * 1024 * 1024);

        var refused = await DcronProcess.RunAsync(shared.Node, "job", "create", "--time", "@daily", large);

        Assert.Equal((1, "dcron: At most 16 MiB are accepted here."), (refused.Code, refused.Error.TrimEnd()));
    }

    [Fact]
    public async Task A_log_is_followed_as_it_comes_and_to_its_end()
    {
        var (job, go) = await WaitingJobAsync("followed", "print('first', flush=True)\nwait()\nprint('second')");
        var execution = (await DcronAsync("job", "run", job)).Out.TrimEnd();

        using var follower = DcronProcess.Start(Server, null, "logs", execution, "--follow");
        Assert.Equal("first", await follower.LineAsync()); // while the script waits for us
        File.WriteAllText(go, "");

        Assert.Equal("second", await follower.LineAsync());
        Assert.Null(await follower.LineAsync());
        Assert.Equal(0, await follower.ExitAsync());
    }

    [Fact]
    public async Task Ctrl_C_ends_following_and_not_the_script()
    {
        var (job, go) = await WaitingJobAsync("interrupted", "print('first', flush=True)\nwait()");
        var execution = (await DcronAsync("job", "run", job)).Out.TrimEnd();
        using var follower = DcronProcess.Start(Server, null, "logs", execution, "--follow");
        Assert.Equal("first", await follower.LineAsync());

        await follower.InterruptAsync();

        Assert.Equal(130, await follower.ExitAsync());
        File.WriteAllText(go, "");
        Assert.Equal("succeeded", (string)(await shared.Node.EndOf(execution))["execution_result"]!);
    }

    [Fact]
    public async Task Following_ends_when_nobody_reads_any_more()
    {
        var (job, _) = await WaitingJobAsync("unread", "while True: print('x' * 10000, flush=True)");
        var execution = (await DcronAsync("job", "run", job)).Out.TrimEnd();
        using (var follower = DcronProcess.Start(Server, null, "logs", execution, "--follow"))
        {
            Assert.StartsWith("xxx", await follower.LineAsync(), StringComparison.Ordinal);
            follower.Out.Close();
            Assert.Equal(141, await follower.ExitAsync());
        }

        Assert.Equal($"{execution} is being cancelled.\n", (await DcronAsync("cancel", execution)).Out);
        Assert.Equal("cancelled", (string)(await shared.Node.EndOf(execution))["execution_result"]!);
    }

    [Fact]
    public async Task Every_byte_of_a_log_arrives_also_by_following()
    {
        await DcronAsync("job", "create", "--time", "0 0 1 1 *", "--name", "bytes", Write("bytes.py", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 300)"));
        var execution = (await DcronAsync("job", "run", "bytes")).Out.TrimEnd();
        var all = string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Range(0, 256).Select(i => (char)i)), 300));

        Assert.Equal(all, (await DcronAsync("logs", execution, "--follow")).Out);
        Assert.Equal(all, (await DcronAsync("logs", execution)).Out);
    }

    [Fact]
    public async Task A_key_opens_the_door_until_it_is_revoked()
    {
        var created = await DcronAsync("key", "create", "--role", "viewer", "dashboards");
        var withKey = new Dictionary<string, string> { ["DCRON_KEY"] = created.Out.TrimEnd() };
        Assert.Equal(0, (await DcronProcess.RunAsync(Server, withKey, "workers")).Code);

        var larger = await DcronProcess.RunAsync(Server, withKey, "key", "list");
        Assert.Equal(1, larger.Code);
        Assert.Contains("It takes a key with a larger role.", larger.Error, StringComparison.Ordinal);

        var id = JsonNode.Parse((await DcronAsync("key", "list", "--json")).Out)!.AsArray().Single(k => (string)k!["name"]! == "dashboards")!["key_id"]!;
        await DcronAsync("key", "revoke", (string)id!);
        var revoked = await DcronProcess.RunAsync(Server, withKey, "workers");
        Assert.Equal(1, revoked.Code);
        Assert.Contains("DCRON_KEY", revoked.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_is_drained_and_taken_back()
    {
        var worker = (string)JsonNode.Parse((await DcronAsync("workers", "--json")).Out)!.AsArray().Single()!["worker_id"]!;
        try
        {
            await DcronAsync("worker", "drain", worker);
            await shared.Node.UntilAsync("workers", workers => (string)workers[0]!["state"]! == "draining");
            Assert.Contains(" draining ", (await DcronAsync("workers")).Out, StringComparison.Ordinal);
        }
        finally
        {
            await DcronAsync("worker", "undrain", worker);
        }

        await shared.Node.UntilAsync("workers", workers => (string)workers[0]!["state"]! == "active");
    }

    [Fact]
    public async Task A_schedule_is_explained_in_words_and_local_time()
    {
        var preview = await DcronAsync("preview", "0 2 * * *", "--timezone", "Asia/Tokyo", "--count", "2");

        var lines = preview.Out.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"17:00:00Z +\d{4}-\d\d-\d\d.02:00:00\+09:00$", lines[1]);
    }

    [Fact]
    public async Task Nobody_there_is_exit_code_3()
    {
        var run = await DcronProcess.RunAsync($"http://127.0.0.1:{Ports.Free()}", null, "workers", "--retry-for", "0");

        Assert.Equal((3, ""), (run.Code, run.Out));
        Assert.Contains("is out of reach: Connection refused.", run.Error, StringComparison.Ordinal);
    }

    private async Task<CliRun> DcronAsync(params string[] args)
    {
        var run = await DcronProcess.RunAsync(shared.Node, args);
        Assert.True(run.Code == 0, $"dcron {string.Join(' ', args)}: exit code {run.Code}\n{run.Out}{run.Error}");
        return run;
    }

    /// <summary>A job whose script has <c>wait()</c>, which returns once the file is there.</summary>
    private async Task<(string Job, string Go)> WaitingJobAsync(string name, string script)
    {
        var go = Path.Combine(shared.SignalFolder, name + ".go");
        var wait = $"import os, time\ndef wait():\n    while not os.path.exists({System.Text.Json.JsonSerializer.Serialize(go)}): time.sleep(0.02)\n";
        await DcronAsync("job", "create", "--time", "0 0 1 1 *", "--name", name, Write(name + ".py", wait + script));
        return (name, go);
    }

    private string Write(string name, string text)
    {
        var path = _folder.Of(name);
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }
}

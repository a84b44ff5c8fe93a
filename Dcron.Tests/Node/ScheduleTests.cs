namespace Dcron.Tests.Node;

/// <summary>Time, through the whole of a real node.</summary>
[Collection(SharedNodeCollection.Name)]
public sealed class ScheduleTests(SharedNode shared)
{
    [Theory]
    [InlineData("python", "print('tick')")]
    [InlineData("ruby", "puts 'tick'")]
    public async Task A_job_fires_at_its_seconds_each_once_and_on_time(string type, string script)
    {
        var location = await shared.Node.UploadAsync("tick", script);
        var job = await shared.Node.CreateJobAsync(new { time = "*/2 * * * * *", script_type = type, script_location = location });
        var executions = await shared.Node.UntilAsync($"jobs/{job["job_id"]}/executions?result=succeeded", found => found.AsArray().Count >= 3);
        await shared.Node.PostAsync($"jobs/{job["job_id"]}/pause");
        var fireTimes = executions.AsArray().Select(execution => (DateTimeOffset)execution!["execution_date"]!).Order().ToList();
        Assert.All(fireTimes, time => Assert.Equal(0, time.Second % 2));
        Assert.Equal(fireTimes.Distinct(), fireTimes);
        Assert.All(executions.AsArray(), execution =>
            Assert.True((DateTimeOffset)execution!["started_at"]! >= (DateTimeOffset)execution["execution_date"]!, "nothing starts before its time"));
    }

    [Fact]
    public async Task A_fire_time_during_a_run_is_skipped_and_says_why()
    {
        var location = await shared.Node.UploadAsync("slow.py", "import time; time.sleep(3.5)");
        var job = await shared.Node.CreateJobAsync(new { time = "* * * * * *", script_type = "python", script_location = location });
        var skipped = await shared.Node.UntilAsync($"jobs/{job["job_id"]}/executions?result=skipped", found => found.AsArray().Count > 0);
        await shared.Node.PostAsync($"jobs/{job["job_id"]}/pause");
        Assert.Contains((string)job["job_id"]! + "@", (string)skipped[0]!["reason"]!, StringComparison.Ordinal);
        Assert.Null((string?)skipped[0]!["started_at"]);
    }

    [Fact]
    public async Task A_paused_job_does_not_fire_and_a_resumed_one_does()
    {
        var location = await shared.Node.UploadAsync("tick.py", "pass");
        var job = await shared.Node.CreateJobAsync(new { time = "* * * * * *", script_type = "python", script_location = location, enabled = false });
        var id = (string)job["job_id"]!;
        await shared.Node.RunOnceAsync("python", "import time; time.sleep(2)"); // two of its seconds pass
        Assert.Empty((await shared.Node.GetAsync($"jobs/{id}/executions")).AsArray());
        await shared.Node.PostAsync($"jobs/{id}/resume");
        await shared.Node.UntilAsync($"jobs/{id}/executions?result=succeeded", found => found.AsArray().Count > 0);
        await shared.Node.Client.DeleteAsync(new Uri($"jobs/{id}", UriKind.Relative));
        using var gone = await shared.Node.Client.GetAsync(new Uri($"jobs/{id}", UriKind.Relative));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, gone.StatusCode);
    }
}
